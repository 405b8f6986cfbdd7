import { CHAR } from "./json-text.js";
import { writeFixed, writeUint32 } from "./write-integer.js";

// Constants of this module: the engine folds them into the hot loops, but not imported ones.
const { dot: DOT, minus: MINUS, plus: PLUS, zero: ZERO } = CHAR;

const LEAST_POWER = -45;
/** 10^-45 to 10^39 as the nearest doubles; the powers from 10^0 to 10^22 are exact. */
const POWERS = Float64Array.from({ length: 85 }, (_, i) => Number(`1e${i + LEAST_POWER}`));
const pow10 = (exponent: number) => POWERS[exponent - LEAST_POWER] as number;

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** floor(log10(2^(i - 127))) for each biased exponent of a float32. */
const DECIMAL_EXPONENTS = Int8Array.from({ length: 256 }, (_, i) =>
  Math.floor((Math.max(i, 1) - 127) * Math.log10(2)),
);

/**
 * Writes a float32 as TF Serving does: with 6 significant digits if they read back as the same float, otherwise with 9,
 * in the style of printf's `%g`, and with `.0` if there is neither `.` nor `e`. `NaN`, `Infinity` and `-Infinity` are
 * written without quotes. At most 15 characters.
 *
 * Returns the position after the written text.
 */
export function writeFloat32(out: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    out[at++] = MINUS;
    value = -value;
  }
  if (value < 1e6 && value === (value | 0)) {
    if (value === 0 && Object.is(value, -0)) out[at++] = MINUS;
    return writePointZero(out, writeUint32(out, at, value));
  }
  if (!(value < Number.POSITIVE_INFINITY)) return writeNonFinite(out, at, value);

  float[0] = value;
  let exponent = DECIMAL_EXPONENTS[(floatBits[0] as number) >>> 23] as number;
  if (value >= pow10(exponent + 1)) exponent++;
  if (exponent < -14 || exponent > 28) return writeFloat32Exactly(out, at, value);

  // At most one decimal of 6 digits reads back as the value, so a rough product finds it.
  const six = Math.floor(scaled(value, 5 - exponent) + 0.5);
  if (Math.fround(scaled(six, exponent - 5)) === value) {
    return six === 1e6
      ? writeDigits(out, at, 1e5, 6, exponent + 1)
      : writeDigits(out, at, six, 6, exponent);
  }
  // The product is known to 1e-7; closer to a half, only exact arithmetic can round it.
  const product = scaled(value, 8 - exponent);
  const whole = Math.floor(product);
  const fraction = product - whole;
  if (fraction > 0.499999 && fraction < 0.500001) return writeFloat32Exactly(out, at, value);
  const nine = fraction > 0.5 ? whole + 1 : whole;
  return nine === 1e9
    ? writeDigits(out, at, 1e8, 9, exponent + 1)
    : writeDigits(out, at, nine, 9, exponent);
}

function scaled(value: number, power: number): number {
  return power >= 0 ? value * pow10(power) : value / pow10(-power);
}

function writeFloat32Exactly(out: Uint8Array, at: number, value: number): number {
  const six = value.toExponential(5);
  const text = Math.fround(Number(six)) === value ? six : exactly(value, 9);
  return writeExponential(out, at, text, text === six ? 6 : 9);
}

/** Writes a float64 like `writeFloat32`, but with 17 digits if 6 are not enough. */
export function writeFloat64(out: Uint8Array, at: number, value: number): number {
  if (value < 0 || Object.is(value, -0)) {
    out[at++] = MINUS;
    value = -value;
  }
  if (value < 1e6 && value === (value | 0)) {
    return writePointZero(out, writeUint32(out, at, value));
  }
  if (!(value < Number.POSITIVE_INFINITY)) return writeNonFinite(out, at, value);
  const six = value.toExponential(5);
  if (Number(six) === value) return writeExponential(out, at, six, 6);
  return writeExponential(out, at, exactly(value, 17), 17);
}

/** `toExponential` with ties to even, as printf rounds; JavaScript rounds ties up. */
function exactly(value: number, digits: number): string {
  const text = value.toExponential(digits - 1);
  const last = text.indexOf("e") - 1;
  const digit = text.charCodeAt(last) - ZERO;
  if (digit % 2 === 0) return text;
  const exact = value.toExponential(digits + 60);
  const isTie = /^50*e/.test(exact.slice(digits + 1));
  return isTie ? text.slice(0, last) + (digit - 1) + text.slice(last + 1) : text;
}

function writeExponential(out: Uint8Array, at: number, text: string, precision: number): number {
  const e = text.indexOf("e");
  const exponent = Number(text.slice(e + 1));
  let digits = text[0] + text.slice(2, e);
  let end = digits.length;
  while (end > 1 && digits.charCodeAt(end - 1) === ZERO) end--;
  digits = digits.slice(0, end);
  for (let i = 0; i < end; i++) out[at + i] = digits.charCodeAt(i);
  return placePoint(out, at, end, exponent, precision);
}

/** Writes `digits` digits, of which the first has the weight 10^exponent. */
function writeDigits(
  out: Uint8Array,
  at: number,
  value: number,
  precision: number,
  exponent: number,
): number {
  let digits = precision;
  let rest = value | 0;
  let tenth = (rest / 10) | 0;
  while (rest === Math.imul(tenth, 10)) {
    rest = tenth;
    tenth = (rest / 10) | 0;
    digits--;
  }
  if (exponent < 0 && exponent >= -4) {
    out[at++] = ZERO;
    out[at++] = DOT;
    for (let zeros = -1 - exponent; zeros > 0; zeros--) out[at++] = ZERO;
    writeFixed(out, at, rest, digits);
    return at + digits;
  }
  writeFixed(out, at, rest, digits);
  return placePoint(out, at, digits, exponent, precision);
}

/** Inserts the point, zeros or exponent of `%g` into the digits at `at`. */
function placePoint(
  out: Uint8Array,
  at: number,
  digits: number,
  exponent: number,
  precision: number,
): number {
  if (exponent < -4 || exponent >= precision) {
    let end = at + digits;
    if (digits > 1) {
      out.copyWithin(at + 2, at + 1, end);
      out[at + 1] = DOT;
      end++;
    }
    out[end++] = 0x65;
    out[end++] = exponent < 0 ? MINUS : PLUS;
    const magnitude = Math.abs(exponent);
    if (magnitude < 10) out[end++] = ZERO;
    return writeUint32(out, end, magnitude);
  }
  if (exponent < 0) {
    const zeros = 1 - exponent;
    out.copyWithin(at + zeros, at, at + digits);
    out.fill(ZERO, at, at + zeros);
    out[at + 1] = DOT;
    return at + zeros + digits;
  }
  const whole = exponent + 1;
  if (digits <= whole) {
    for (let i = digits; i < whole; i++) out[at + i] = ZERO;
    return writePointZero(out, at + whole);
  }
  for (let i = digits; i > whole; i--) out[at + i] = out[at + i - 1] as number;
  out[at + whole] = DOT;
  return at + digits + 1;
}

function writePointZero(out: Uint8Array, at: number): number {
  out[at] = DOT;
  out[at + 1] = ZERO;
  return at + 2;
}

function writeNonFinite(out: Uint8Array, at: number, value: number): number {
  const text = Number.isNaN(value) ? "NaN" : "Infinity";
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

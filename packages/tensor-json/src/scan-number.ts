import { divideDecimal } from "./divide-decimal.js";
import { CHAR } from "./json-text.js";
import { nonFiniteLength, numberAt } from "./json-value.js";

// Constants of this module: the engine folds them into the hot loops, but not imported ones.
const { dot: DOT, minus: MINUS, plus: PLUS, zero: ZERO } = CHAR;

/** The number tokens that a dtype accepts. */
export interface NumberRange {
  /** Refuses tokens with a fraction or an exponent, and NaN and the infinities. */
  readonly integersOnly: boolean;
  /** The minimum and maximum value. */
  readonly min: number;
  readonly max: number;
}

/** 10^0 to 10^22: the powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * Reads the number token at `at` into `out[index]` as the nearest double.
 *
 * Returns the position after the token, or -1 if it is not a number in range. Accepts every form of a number; `scanRun`
 * handles the common ones.
 */
export function scanNumber(
  bytes: Uint8Array,
  at: number,
  out: Float64Array,
  index: number,
  range: NumberRange,
): number {
  const start = at;
  let c = bytes[at] as number;
  const isNegative = c === MINUS;
  if (isNegative) c = bytes[++at] as number;

  // `high` holds the first nine significant digits, `low` the next nine; `digits` counts all of them.
  let high = 0;
  let low = 0;
  let digits = 0;
  let d = c - 48;
  if (d === 0) {
    if (c !== ZERO) return -1;
    c = bytes[++at] as number;
    d = c - 48;
    if (d >= 0 && d <= 9) return -1;
  } else {
    if (d < 0 || d > 9) return scanNonFinite(bytes, at, isNegative, out, index, range);
    do {
      if (digits < 9) high = (Math.imul(high, 10) + d) | 0;
      else if (digits < 18) low = (Math.imul(low, 10) + d) | 0;
      digits++;
      c = bytes[++at] as number;
      d = c - 48;
    } while (d >= 0 && d <= 9);
  }

  let scale = 0;
  let isInteger = true;
  if (c === DOT) {
    isInteger = false;
    c = bytes[++at] as number;
    d = c - 48;
    if (d < 0 || d > 9) return -1;
    const fraction = at;
    if (digits === 0) {
      while (d === 0 && c === ZERO) {
        c = bytes[++at] as number;
        d = c - 48;
      }
    }
    while (d >= 0 && d <= 9 && digits < 9) {
      high = (Math.imul(high, 10) + d) | 0;
      digits++;
      c = bytes[++at] as number;
      d = c - 48;
    }
    while (d >= 0 && d <= 9) {
      if (digits < 18) low = (Math.imul(low, 10) + d) | 0;
      digits++;
      c = bytes[++at] as number;
      d = c - 48;
    }
    scale = fraction - at;
  }
  if ((c | 0x20) === 0x65) {
    isInteger = false;
    c = bytes[++at] as number;
    const isNegativeExponent = c === MINUS;
    if (isNegativeExponent || c === PLUS) c = bytes[++at] as number;
    d = c - 48;
    if (d < 0 || d > 9) return -1;
    let exponent = 0;
    do {
      if (exponent < 100_000) exponent = Math.imul(exponent, 10) + d;
      c = bytes[++at] as number;
      d = c - 48;
    } while (d >= 0 && d <= 9);
    scale += isNegativeExponent ? -exponent : exponent;
  }
  if (c === undefined) return -1;

  let value: number;
  if (digits <= 9) value = high;
  else if (digits <= 15) value = high * (POWERS[digits - 9] as number) + low;
  else value = -1;
  if (value >= 0 && scale >= -22 && scale <= 22) {
    if (scale < 0) value /= POWERS[-scale] as number;
    else if (scale > 0) value *= POWERS[scale] as number;
  } else {
    value = -1;
    if (digits > 15 && digits <= 18 && scale < 0) {
      value = divideDecimal(high, low, digits - 9, -scale);
    }
    if (value < 0) value = Math.abs(numberAt(bytes, start, at));
  }
  if (isNegative) value = -value;
  if (value < range.min || value > range.max || (range.integersOnly && !isInteger)) return -1;
  out[index] = value;
  return at;
}

function scanNonFinite(
  bytes: Uint8Array,
  at: number,
  isNegative: boolean,
  out: Float64Array,
  index: number,
  range: NumberRange,
): number {
  const length = range.integersOnly ? 0 : nonFiniteLength(bytes, at);
  if (length === 0) return -1;
  const magnitude = bytes[at] === 0x4e ? Number.NaN : Number.POSITIVE_INFINITY;
  out[index] = isNegative ? -magnitude : magnitude;
  return at + length;
}

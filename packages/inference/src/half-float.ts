/** A 16-bit float format: a sign, an exponent and a fraction. */
export interface HalfFloat {
  /** The exponent of the smallest normal number. */
  readonly minExponent: number;
  readonly fractionBits: number;
}

/** IEEE 754 binary16: largest number 65,504. */
export const FLOAT16: HalfFloat = { minExponent: -14, fractionBits: 10 };

/** The upper half of a float32: largest number about 3.39e38. */
export const BFLOAT16: HalfFloat = { minExponent: -126, fractionBits: 7 };

const SIGN = 0x8000;
const double = new DataView(new ArrayBuffer(8));

/**
 * Returns the 16 bits of the float nearest to a number, ties to even, as IEEE 754 rounds. A number beyond the largest
 * float becomes an infinity; any NaN becomes the quiet NaN.
 */
export function toHalfFloat(value: number, { minExponent, fractionBits }: HalfFloat): number {
  const infinity = SIGN - (1 << fractionBits);
  if (Number.isNaN(value)) return infinity + (1 << (fractionBits - 1));
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0;
  if (magnitude === Number.POSITIVE_INFINITY) return sign + infinity;
  double.setFloat64(0, magnitude);
  const exponent = Math.max((double.getUint16(0) >> 4) - 1023, minExponent);
  // Dividing by a power of two is exact, so the value is rounded only once. A carry out of the fraction increments the
  // exponent, as it must.
  const fraction = roundToEven(magnitude / 2 ** (exponent - fractionBits));
  const bits = ((exponent - minExponent) << fractionBits) + fraction;
  return sign + Math.min(bits, infinity);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Returns the number that 16 bits represent: the inverse of `toHalfFloat`. */
export function fromHalfFloat(bits: number, { minExponent, fractionBits }: HalfFloat): number {
  const sign = bits & SIGN ? -1 : 1;
  const fraction = bits & ((1 << fractionBits) - 1);
  const exponent = (bits & (SIGN - 1)) >> fractionBits;
  if (exponent === (SIGN >> fractionBits) - 1) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  if (exponent === 0) return sign * fraction * 2 ** (minExponent - fractionBits);
  return sign * (fraction + (1 << fractionBits)) * 2 ** (exponent - 1 + minExponent - fractionBits);
}

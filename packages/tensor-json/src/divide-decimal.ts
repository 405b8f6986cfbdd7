/**
 * 10^0 to 10^22, which doubles hold exactly; each also as a sum of two doubles of at most 26 bits; and the inverses.
 */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const POWERS_HIGH = POWERS.map((power) => splitHigh(power));
const POWERS_LOW = POWERS.map((power, i) => power - (POWERS_HIGH[i] as number));
const INVERSES = POWERS.map((power) => 1 / power);
const POWERS_OF_FIVE = Float64Array.from({ length: 23 }, (_, i) => 5 ** i);

/** Returns the upper 26 bits of a double (Veltkamp's splitting). */
function splitHigh(value: number): number {
  const split = value * 134217729;
  return split - (split - value);
}

/**
 * Returns the double nearest to `(high * 10^shift + low) / 10^places`, where high, low >= 0 are integers and
 * `low < 10^shift <= 10^10`; -1 if this arithmetic cannot decide which of two doubles is nearest.
 *
 * The dividend is exact as a sum of two doubles, and the remainder of the first quotient is exact (Dekker, "A
 * floating-point technique for extending the available precision", 1971), so the quotient is known to about 104 bits. A
 * correction that could round either way, about one in 2^50, is left to the caller.
 */
export function divideDecimal(high: number, low: number, shift: number, places: number): number {
  if (high * (POWERS_OF_FIVE[shift] as number) >= 2 ** 53 || places > 22) return -1;
  const upper = high * (POWERS[shift] as number);
  const dividend = upper + low;
  const rest = low - (dividend - upper);

  const divisor = POWERS[places] as number;
  const d1 = POWERS_HIGH[places] as number;
  const d0 = POWERS_LOW[places] as number;
  const quotient = dividend / divisor;
  const product = quotient * divisor;
  const split = quotient * 134217729;
  const q1 = split - (split - quotient);
  const q0 = quotient - q1;
  const productError = q1 * d1 - product + q1 * d0 + q0 * d1 + q0 * d0;

  const correction = (dividend - product - productError + rest) * (INVERSES[places] as number);
  const nearest = quotient + correction * (1 - 2 ** -50);
  return nearest === quotient + correction * (1 + 2 ** -50) ? nearest : -1;
}

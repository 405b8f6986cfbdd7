import { divideDecimal } from "./divide-decimal.js";
import { CHAR } from "./json-text.js";
import type { DoubleLeaves } from "./leaves.js";
import { scanNumber } from "./scan-number.js";

// Constants of this module: the engine folds them into the hot loops, imported ones it does not.
const { comma: COMMA, dot: DOT, minus: MINUS, space: SPACE, closeArray: CLOSE_ARRAY } = CHAR;
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * Reads number tokens with commas between them, from the one at `at`, into `leaves`.
 *
 * Gives the position after the last number before something else than a comma and a number, or -1
 * where something is not a number in range. The hot loop of every request. Integers of up to nine
 * digits and decimals of up to 18 places are read here, four digits at a time, and become the
 * nearest double by one exact division (Clinger, "How to read floating point numbers accurately",
 * 1990) or by `divideDecimal`; the other forms are for `scanNumber`.
 *
 * @param view a view of exactly `bytes`.
 */
export function scanRun(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  leaves: DoubleLeaves,
): number {
  const { range } = leaves;
  const { integersOnly } = range;
  const lastFast = bytes.length - 28;
  let out = leaves.doubles;
  let index = leaves.length;
  for (;;) {
    if (index === out.length) out = leaves.grow();
    const start = at;
    let c = bytes[at] as number;
    const isNegative = c === MINUS;
    if (isNegative) c = bytes[++at] as number;
    let whole = c - 48;
    let value = -1;
    if (whole >= 0 && whole <= 9) {
      c = bytes[++at] as number;
      let d = c - 48;
      if (whole > 0) {
        while (d >= 0 && d <= 9 && whole < 100_000_000) {
          whole = whole * 10 + d;
          c = bytes[++at] as number;
          d = c - 48;
        }
      }
      if (c === DOT && whole < 1000 && at <= lastFast) {
        const first = ++at;
        let high = whole;
        let low = 0;
        let word = view.getInt32(at, true) ^ 0x30303030;
        if (areDigits(word)) {
          high = high * 10_000 + fourDigits(word);
          at += 4;
          word = view.getInt32(at, true) ^ 0x30303030;
          if (areDigits(word)) {
            high = high * 10_000 + fourDigits(word);
            at += 4;
            word = view.getInt32(at, true) ^ 0x30303030;
            if (areDigits(word)) {
              low = fourDigits(word);
              at += 4;
              word = view.getInt32(at, true) ^ 0x30303030;
              if (areDigits(word)) {
                low = low * 10_000 + fourDigits(word);
                at += 4;
              }
            }
          }
        }
        // At most three digits are left, or the number is too long for this way.
        c = bytes[at] as number;
        d = c - 48;
        if (at - first < 8) {
          while (d >= 0 && d <= 9) {
            high = high * 10 + d;
            c = bytes[++at] as number;
            d = c - 48;
          }
        } else {
          while (d >= 0 && d <= 9 && at - first < 18) {
            low = low * 10 + d;
            c = bytes[++at] as number;
            d = c - 48;
          }
        }
        const places = at - first;
        if (places > 0 && !integersOnly && (c === COMMA || c === CLOSE_ARRAY)) {
          const shift = places > 8 ? places - 8 : 0;
          const mantissa = high * (POWERS[shift] as number) + low;
          value =
            mantissa < 2 ** 53
              ? mantissa / (POWERS[places] as number)
              : divideDecimal(high, low, shift, places);
        }
      } else if (c === COMMA || c === CLOSE_ARRAY) {
        value = whole;
        if (isNegative ? -whole < range.min : whole > range.max) return -1;
      }
    }
    if (value >= 0) out[index] = isNegative ? -value : value;
    else {
      at = scanNumber(bytes, start, out, index, range);
      if (at === -1) return -1;
      c = bytes[at] as number;
    }
    index++;
    if (c !== COMMA) break;
    let next = at + 1;
    c = bytes[next] as number;
    if (c === SPACE) c = bytes[++next] as number;
    if (c > 57 || c <= SPACE) break;
    at = next;
  }
  leaves.length = index;
  return at;
}

/** Whether four characters, each xor "0", are digits. */
function areDigits(word: number): boolean {
  return ((word | (word + 0x06060606)) & 0xf0f0f0f0) === 0;
}

/** The number that four digits make, the first in the lowest byte. */
function fourDigits(word: number): number {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}

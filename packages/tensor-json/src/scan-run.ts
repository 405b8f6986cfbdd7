import { divideDecimal } from "./divide-decimal.js";
import type { DoubleLeaves } from "./double-leaves.js";
import { scanNumber } from "./scan-number.js";

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** The position of a run in the innermost lists. */
export interface RunRow {
  /** The number of elements read of the current list. */
  seen: number;
  /** The number of lists that ended within the run. */
  finished: number;
}

/**
 * Reads number tokens that are separated by commas, starting with the one at `from`, into `leaves`.
 *
 * Returns the position after the last number that is not followed by a comma and a number, or -1 if a token is not a
 * number in range. A list of `rowLength` numbers may end and the next one start within the run; `row` is updated.
 *
 * This is the hot loop of every request. Integers of up to nine digits and decimals of up to 18 places are read here,
 * four digits at a time, and become the nearest double by one exact division (Clinger, "How to read floating point
 * numbers accurately", 1990) or by `divideDecimal`. `scanNumber` reads the other forms.
 *
 * @param view A view of exactly `bytes`.
 */
export function scanRun(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  leaves: DoubleLeaves,
  rowLength: number,
  row: RunRow,
): number {
  // Here instead of in the module, whose constants bundlers turn into variables: the loop is a fifth faster.
  const COMMA = 0x2c;
  const DOT = 0x2e;
  const MINUS = 0x2d;
  const NINE = 0x39;
  const SPACE = 0x20;
  const OPEN_ARRAY = 0x5b;
  const CLOSE_ARRAY = 0x5d;
  const ZEROS = 0x30303030;
  const THIRD_CHARACTER = 0x00100000;
  const powers = POWERS;
  const { range } = leaves;
  const { integersOnly } = range;
  const lastFast = bytes.length - 28;
  const out = leaves.chunk;
  let at = from | 0;
  let index = leaves.used;
  let inRow = row.seen;
  if (index === out.length) {
    leaves.flush(at / bytes.length);
    index = 0;
  }
  for (;;) {
    const start = at;
    let c = bytes[at] as number;
    const isNegative = c === MINUS;
    if (isNegative) c = bytes[++at] as number;
    let whole = c - 48;
    let value = -1;
    if (whole >= 0 && whole <= 9) {
      c = bytes[++at] as number;
      if (whole > 0) {
        let d = c - 48;
        while (d >= 0 && d <= 9 && whole < 100_000_000) {
          whole = whole * 10 + d;
          c = bytes[++at] as number;
          d = c - 48;
        }
      }
      if (c === DOT && whole < 1000 && at <= lastFast) {
        // `high` holds the integer part and eight decimal places, `low` the following places.
        const first = ++at;
        let high = whole;
        let low = 0;
        let lowPlaces = 0;
        let word = view.getInt32(at, true) ^ ZEROS;
        let stops = stopsIn(word);
        if (stops === 0) {
          high = high * 10_000 + fourDigits(word);
          at += 4;
          word = view.getInt32(at, true) ^ ZEROS;
          stops = stopsIn(word);
          if (stops === 0) {
            high = high * 10_000 + fourDigits(word);
            at += 4;
            word = view.getInt32(at, true) ^ ZEROS;
            stops = stopsIn(word);
            if (stops === 0) {
              low = fourDigits(word);
              lowPlaces = 4;
              at += 4;
              word = view.getInt32(at, true) ^ ZEROS;
              stops = stopsIn(word);
              if (stops === 0) {
                low = low * 10_000 + fourDigits(word);
                lowPlaces = 8;
                at += 4;
                word = view.getInt32(at, true) ^ ZEROS;
                stops = stopsIn(word) | THIRD_CHARACTER;
              }
            }
          }
        }
        // Up to three digits precede the first stop; after 16 places, up to two.
        const left = (31 - Math.clz32(stops & -stops)) >> 3;
        const tail = fourDigits((word << (24 - 8 * left)) << 8);
        const power = powers[left] as number;
        at += left;
        c = bytes[at] as number;
        const places = at - first;
        if (places > 0 && !integersOnly && (c === COMMA || c === CLOSE_ARRAY)) {
          const divisor = powers[places] as number;
          if (lowPlaces === 0) value = (high * power + tail) / divisor;
          else {
            lowPlaces += left;
            low = low * power + tail;
            const mantissa = high * (powers[lowPlaces] as number) + low;
            value =
              mantissa < 2 ** 53 ? mantissa / divisor : divideDecimal(high, low, lowPlaces, places);
          }
        }
      } else if (c === COMMA || c === CLOSE_ARRAY) {
        value = whole;
        if (isNegative ? -whole < range.min : whole > range.max) return -1;
      }
    }
    if (value >= 0) out[index] = isNegative ? -value : value;
    else {
      at = scanNumber(bytes, start, out, index, range) | 0;
      if (at === -1) return -1;
      c = bytes[at] as number;
    }
    index++;
    inRow++;
    // A run is at most one chunk, so that the caller can pause.
    if (index === out.length) break;

    // Continue with the next number, which may be the first of the next list.
    let next = at + 1;
    const endsRow = c === CLOSE_ARRAY && inRow === rowLength && bytes[next] === COMMA;
    if (endsRow) {
      if (bytes[++next] === SPACE) next++;
      if (bytes[next] !== OPEN_ARRAY) break;
      next++;
    } else if (c !== COMMA) break;
    c = bytes[next] as number;
    if (c === SPACE) c = bytes[++next] as number;
    if (!(c <= NINE && c > SPACE)) break;
    if (endsRow) {
      row.finished++;
      inRow = 0;
    }
    at = next;
  }
  leaves.used = index;
  row.seen = inRow;
  return at;
}

/**
 * Returns a word in which bits are set for each character of a word of four characters, each xor "0", that is not a
 * digit. Bits above the first such character may be wrong.
 */
function stopsIn(word: number): number {
  return (word | (word + 0x06060606)) & 0xf0f0f0f0;
}

/** Returns the number that four digits represent, the first in the lowest byte. */
function fourDigits(word: number): number {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}

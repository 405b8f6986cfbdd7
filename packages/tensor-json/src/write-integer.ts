import { CHAR } from "./json-text.js";

// Constants of this module: the engine folds them into the hot loops, but not imported ones.
const { minus: MINUS, zero: ZERO } = CHAR;

/** "00" to "99". */
const PAIRS = Uint8Array.from(
  { length: 200 },
  (_, i) => (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10) + ZERO,
);

/** Writes an integer from 0 to 2^31 - 1. */
export function writeUint32(out: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound && digits < 10; bound *= 10) digits++;
  writeFixed(out, at, value, digits);
  return at + digits;
}

/** Writes an integer of at most 2^53 - 1 in magnitude. */
export function writeInteger(out: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    out[at++] = MINUS;
    value = -value;
  }
  if (value < 2 ** 31) return writeUint32(out, at, value);
  const high = Math.floor(value / 1e8);
  const low = value - high * 1e8;
  at = writeInteger(out, at, high);
  writeFixed(out, at, low, 8);
  return at + 8;
}

/** Writes an integer from 0 to 2^31 - 1 with exactly `digits` digits. */
export function writeFixed(out: Uint8Array, at: number, value: number, digits: number): void {
  let end = at + digits;
  while (end - at >= 2) {
    const rest = (value / 100) | 0;
    const pair = (value - Math.imul(rest, 100)) << 1;
    out[--end] = PAIRS[pair + 1] as number;
    out[--end] = PAIRS[pair] as number;
    value = rest;
  }
  if (end > at) out[at] = ZERO + value;
}

/** The highest bit that is set, counted from 1. */
const bitsOf = (x: bigint) => BigInt(x.toString(2).length);

/** 5^q as 128 bits with the highest bit set: cut off, or rounded up if q is negative. */
function fiveBits(q: number): bigint {
  const five = 5n ** BigInt(Math.abs(q));
  if (q >= 0) {
    const bits = bitsOf(five);
    return bits < 128n ? five << (128n - bits) : five >> (bits - 128n);
  }
  const bits = bitsOf(five - 1n);
  const inverse = (1n << (q >= -27 ? bits + 127n : 2n * bits + 128n)) / five + 1n;
  const excess = bitsOf(inverse) - 128n;
  return excess > 0n ? inverse >> excess : inverse;
}

/** Lanes that move the digits of a token of `length` characters to the end, without the point. */
function shuffle(point: number, length: number): number[] {
  const digits = Array.from({ length }, (_, i) => i).filter((i) => i !== point);
  return [...Array(16 - digits.length).fill(0x80), ...digits];
}

const DOT = 9;
const ZERO = 10;

/** Lanes that place nine digits (0 to 8), the point (9) and zeros (10) for a decimal exponent of -4 to 8. */
function places(exponent: number): number[] {
  const lanes: number[] = exponent < 0 ? [ZERO, DOT, ...Array(-1 - exponent).fill(ZERO)] : [];
  for (let i = 0; i < 9; i++) lanes.push(...(i === exponent ? [i, DOT] : [i]));
  return [...lanes, ...Array(16).fill(ZERO)].slice(0, 16);
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A vector whose lanes of `size` bytes all have a value. */
const splat = (value: number, size = 1) =>
  range(0, 15).map((i) => (value >>> (8 * (i % size))) & 0xff);

/** The addresses of the tables: exports of kernel/layout.ts. */
export type KernelLayout = Readonly<Record<Table, number>>;

type Table =
  | "SHUFFLES"
  | "PLACES"
  | "POWERS"
  | "INTEGER_POWERS"
  | "LIMITS"
  | "FIVES"
  | "COMMAS"
  | "CLOSES"
  | "SPACES"
  | "ZEROS"
  | "DOTS"
  | "NINES"
  | "PAIRS"
  | "HUNDREDS"
  | "TEN_THOUSANDS"
  | "DECIMAL_EXPONENTS";

/** The bytes of the tables, and their address. */
interface TablesInMemory {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * Makes the tables of the kernel.
 *
 * @param layout The addresses, by the names of kernel/layout.ts.
 */
export function kernelTables(layout: KernelLayout): TablesInMemory {
  const start = layout.SHUFFLES;
  const bytes = new Uint8Array(layout.PLACES + 13 * 16 - start);
  const view = new DataView(bytes.buffer);
  const putBytes = (at: number, lanes: readonly number[]) => bytes.set(lanes, at - start);
  const putU64 = (at: number, i: number, value: bigint) =>
    view.setBigUint64(at - start + 8 * i, value, true);
  for (const point of range(0, 16)) {
    for (const length of range(0, 16)) {
      putBytes(layout.SHUFFLES + 16 * (17 * point + length), shuffle(point, length));
    }
  }
  for (const i of range(0, 128)) {
    view.setFloat64(layout.POWERS - start + 8 * i, Number(`1e${i - 64}`), true);
  }
  for (const i of range(0, 18)) {
    putU64(layout.INTEGER_POWERS, i, 10n ** BigInt(i));
    putU64(layout.LIMITS, i, (2n ** 63n - 1n) / 10n ** BigInt(i) - 1n);
  }
  for (const q of range(-342, 308)) {
    const five = fiveBits(q);
    putU64(layout.FIVES, 2 * (q + 342), five >> 64n);
    putU64(layout.FIVES, 2 * (q + 342) + 1, five & (2n ** 64n - 1n));
  }
  putBytes(layout.COMMAS, splat(0x2c));
  putBytes(layout.CLOSES, splat(0x5d));
  putBytes(layout.SPACES, splat(0x20));
  putBytes(layout.ZEROS, splat(0x30));
  putBytes(layout.DOTS, splat(0xfe));
  putBytes(layout.NINES, splat(9));
  putBytes(layout.PAIRS, splat(0x0a01, 2));
  putBytes(layout.HUNDREDS, splat(0x10064, 4));
  putBytes(layout.TEN_THOUSANDS, splat(0x12710, 4));
  for (const i of range(0, 255)) {
    view.setInt8(
      layout.DECIMAL_EXPONENTS - start + i,
      Math.floor((Math.max(i, 1) - 127) * Math.log10(2)),
    );
  }
  for (const exponent of range(-4, 8)) {
    putBytes(layout.PLACES + 16 * (exponent + 4), places(exponent));
  }
  return { start, bytes };
}

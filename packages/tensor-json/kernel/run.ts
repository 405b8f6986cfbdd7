import { decimal, signed, usualDecimal } from "./decimals";
import { integer, stored, usualInteger } from "./integers";
import * as at from "./layout";

// @ts-ignore: decorator
@inline function isSpace(c: u32): bool {
  return c == 0x20 || (c <= 0x0d && (c == 0x0a || c == 0x0d || c == 0x09));
}

/** True if a character may start a number: "-", digits, and two that no number starts with, which are refused later. */
// @ts-ignore: decorator
@inline function mayStart(c: u32): bool {
  return c - 0x2d <= 12;
}

/** Stores the token [s, e); false if JavaScript must read it. */
// @ts-ignore: decorator
@inline function token<T>(s: usize, e: usize, neg: u32, out: usize): bool {
  if (!isInteger<T>() && load<u8>(s + 1) == 0x2e) {
    return usualDecimal<T>(s, e, neg, out) || decimal<T>(s, e, neg, out);
  }
  const w = usualInteger(s, e);
  if (w >= 0) {
    if (isInteger<T>()) return stored<T>(w, neg, out);
    signed<T>(<f64>w, neg, out);
    return true;
  }
  if (isInteger<T>()) return integer<T>(s, e, neg, out);
  return decimal<T>(s, e, neg, out);
}

let gapEndsRow: bool = false;

/** The start of the number after the one that ends at e, across white space and the end of a row; 0 if there is none. */
function gap(e: usize, rowEnds: bool): usize {
  let i = e;
  gapEndsRow = false;
  while (isSpace(load<u8>(i))) i++;
  if (load<u8>(i) == 0x5d && rowEnds) {
    gapEndsRow = true;
    i++;
    while (isSpace(load<u8>(i))) i++;
  }
  if (load<u8>(i) != 0x2c) return 0;
  i++;
  while (isSpace(load<u8>(i))) i++;
  if (gapEndsRow) {
    if (load<u8>(i) != 0x5b) return 0;
    i++;
    while (isSpace(load<u8>(i))) i++;
  }
  const c = <u32>load<u8>(i);
  return c == 0x2d || c - 48 <= 9 ? i : 0;
}

/**
 * Reads the number that starts at p and those that follow it with commas between, to `at.NUMBERS`. A row of `rowLength`
 * numbers may end and the next one begin. Numbers that end after `stop` are left.
 *
 * Returns the position after the last number; if reason is HARD, the start of the number that JavaScript must read.
 *
 * @param cursor the first end of a token that may be p's. @param seen how many numbers of the row were read before.
 */
// @ts-ignore: decorator
@inline function run<T>(p: usize, cursor: usize, stop: usize, rowLength: i32, seen: i32): usize {
  let out = at.NUMBERS;
  let finished = 0;
  let reason = at.DONE;
  while (<usize>load<u32>(cursor) <= p) cursor += 4;
  if (<usize>load<u32>(cursor) > stop) reason = at.EXHAUSTED;
  else {
    for (;;) {
      const e = <usize>load<u32>(cursor);
      const neg = <u32>(load<u8>(p) == 0x2d);
      if (!token<T>(p + neg, e, neg, out)) {
        reason = at.HARD;
        break;
      }
      out += sizeof<T>();
      seen++;
      cursor += 4;
      if (<usize>load<u32>(cursor) > stop) {
        p = e;
        reason = at.EXHAUSTED;
        break;
      }
      const g = load<u32>(e);
      if ((g & 0xffffff) == 0x5b2c5d && seen == rowLength) {
        if (mayStart(g >>> 24)) {
          p = e + 3;
          finished++;
          seen = 0;
          continue;
        }
      } else if ((g & 0xff) == 0x2c) {
        const c = (g >>> 8) & 0xff;
        if (mayStart(c)) {
          p = e + 1;
          continue;
        }
        if (c == 0x20 && mayStart((g >>> 16) & 0xff)) {
          p = e + 2;
          continue;
        }
      }
      const next = gap(e, seen == rowLength);
      while (<usize>load<u32>(cursor) <= next) cursor += 4;
      if (next == 0 || <usize>load<u32>(cursor) > stop) {
        if (next != 0) reason = at.EXHAUSTED;
        p = e;
        break;
      }
      p = next;
      if (gapEndsRow) {
        finished++;
        seen = 0;
      }
    }
  }
  store<i32>(at.STATE, reason);
  store<i32>(at.STATE, <i32>(out - at.NUMBERS) / <i32>sizeof<T>(), 4);
  store<i32>(at.STATE, seen, 8);
  store<i32>(at.STATE, finished, 12);
  store<i32>(at.STATE, <i32>cursor, 16);
  return p;
}

export function readF32(p: usize, cursor: usize, stop: usize, rowLength: i32, seen: i32): usize {
  return run<f32>(p, cursor, stop, rowLength, seen);
}
export function readF64(p: usize, cursor: usize, stop: usize, rowLength: i32, seen: i32): usize {
  return run<f64>(p, cursor, stop, rowLength, seen);
}
export function readI32(p: usize, cursor: usize, stop: usize, rowLength: i32, seen: i32): usize {
  return run<i32>(p, cursor, stop, rowLength, seen);
}
export function readU32(p: usize, cursor: usize, stop: usize, rowLength: i32, seen: i32): usize {
  return run<u32>(p, cursor, stop, rowLength, seen);
}
export function readI64(p: usize, cursor: usize, stop: usize, rowLength: i32, seen: i32): usize {
  return run<i64>(p, cursor, stop, rowLength, seen);
}
export function readU64(p: usize, cursor: usize, stop: usize, rowLength: i32, seen: i32): usize {
  return run<u64>(p, cursor, stop, rowLength, seen);
}

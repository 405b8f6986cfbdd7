import { digitsOf } from "./digits";
import * as at from "./layout";
import { end, separator } from "./text";

/** Writes an integer. */
function unsigned(out: usize, x: u64): usize {
  if (x < 100000000) {
    const z = digitsOf(<u32>x);
    // Leading zeros are shifted out, except the last digit.
    const zeros = <usize>min<u64>(ctz(z) >>> 3, 7);
    store<u64>(out, (z | 0x3030303030303030) >>> (zeros << 3));
    return out + 8 - zeros;
  }
  const high = x / 100000000;
  out = unsigned(out, high);
  store<u64>(out, digitsOf(<u32>(x - high * 100000000)) | 0x3030303030303030);
  return out + 8;
}

// @ts-ignore: decorator
@inline function integers<T>(from: usize, count: i32, rowLength: i32, seen: i32): usize {
  let out = at.TEXT;
  for (let i = 0; i < count; i++) {
    out = separator(out, seen, rowLength);
    if (seen == rowLength) seen = 0;
    const x = load<T>(from + <usize>i * sizeof<T>());
    const isNegative = isSigned<T>() && x < 0;
    store<u8>(out, 0x2d);
    out += <usize>isNegative;
    out = unsigned(out, isNegative ? 0 - <u64>x : <u64>x);
    seen++;
  }
  end(at.DONE, count, seen);
  return out;
}

export function writeI32(from: usize, count: i32, rowLength: i32, seen: i32): usize {
  return integers<i32>(from, count, rowLength, seen);
}
export function writeU32(from: usize, count: i32, rowLength: i32, seen: i32): usize {
  return integers<u32>(from, count, rowLength, seen);
}
export function writeI64(from: usize, count: i32, rowLength: i32, seen: i32): usize {
  return integers<i64>(from, count, rowLength, seen);
}
export function writeU64(from: usize, count: i32, rowLength: i32, seen: i32): usize {
  return integers<u64>(from, count, rowLength, seen);
}

import * as at from "./layout";

// A call of a writer reads `count` numbers at `from` and writes to `at.TEXT`: commas between, and "],[" after each row of
// `rowLength` numbers if more follow. It returns the end of the text. If reason is HARD, JavaScript must write the next
// number, whose separator is written.

/** Returns the number of trailing zeros of eight digits. */
// @ts-ignore: decorator
@inline export function trailingZeros(z: u64): i32 {
  return z == 0 ? 8 : <i32>(clz(z) >>> 3);
}

// @ts-ignore: decorator
@inline export function separator(out: usize, seen: i32, rowLength: i32): usize {
  if (seen == rowLength) {
    store<u32>(out, 0x5b2c5d);
    return out + 3;
  }
  store<u8>(out, 0x2c);
  return out + usize(seen > 0);
}

/** Makes d.ddde±dd of `digits` digits that stand at out, with a byte free after the first. */
export function exponential(out: usize, digits: i32, e: i32): usize {
  if (digits > 1) {
    store<u8>(out + 1, 0x2e);
    out += 1;
  }
  out += digits;
  const m = e < 0 ? -e : e;
  store<u8>(out, 0x65);
  store<u8>(out, e < 0 ? 0x2d : 0x2b, 1);
  store<u8>(out, 48 + m / 10, 2);
  store<u8>(out, 48 + (m % 10), 3);
  return out + 4;
}

/** "0.0" or what is not finite. */
export function special(out: usize, isNegative: bool, isZero: bool, isNaN: bool): usize {
  if (isNaN) {
    store<u32>(out, 0x4e614e);
    return out + 3;
  }
  store<u8>(out, 0x2d);
  out += <usize>isNegative;
  if (isZero) {
    store<u32>(out, 0x302e30);
    return out + 3;
  }
  store<u64>(out, 0x7974696e69666e49);
  return out + 8;
}

// @ts-ignore: decorator
@inline export function end(reason: i32, written: i32, seen: i32): void {
  store<i32>(at.STATE, reason);
  store<i32>(at.STATE, written, 4);
  store<i32>(at.STATE, seen, 8);
}

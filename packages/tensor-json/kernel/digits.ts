import * as at from "./layout";

/** 10^e, e -64..64. */
// @ts-ignore: decorator
@inline export function p10(e: i32): f64 {
  return load<f64>(at.POWERS + (<usize>(e + 64) << 3));
}

/** Returns whether a byte of eight characters, each xor "0", is not a digit. */
// @ts-ignore: decorator
@inline export function hasOther(x: u64): bool {
  return ((x | (x + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) != 0;
}

/** The number that eight digits make, the first in the lowest byte. */
// @ts-ignore: decorator
@inline export function eight(x: u64): u64 {
  x = (x * 10 + (x >>> 8)) & 0x00ff00ff00ff00ff;
  x = (x * 100 + (x >>> 16)) & 0x0000ffff0000ffff;
  return (x * 10000 + (x >>> 32)) & 0xffffffff;
}

/** The number that sixteen digits make. */
// @ts-ignore: decorator
@inline export function sixteen(v: v128): u64 {
  const a = i16x8.shr_u(i16x8.mul(v, v128.load(at.PAIRS)), 8);
  const b = i32x4.dot_i16x8_s(a, v128.load(at.HUNDREDS));
  const c = i16x8.narrow_i32x4_u(b, b);
  const x = i64x2.extract_lane(i32x4.dot_i16x8_s(c, v128.load(at.TEN_THOUSANDS)), 0);
  return <u64>(<u32>x) * 100000000 + (<u64>x >>> 32);
}

/** Eight digits of x < 10^8, the first in the lowest byte. */
// @ts-ignore: decorator
@inline export function digitsOf(x: u32): u64 {
  const h = x / 10000;
  const a = <u64>h | (<u64>(x - h * 10000) << 32);
  const t = ((a * 5243) >>> 19) & 0x0000007f0000007f;
  const b = t | ((a - t * 100) << 16);
  const u = ((b * 103) >>> 10) & 0x000f000f000f000f;
  return u | ((b - u * 10) << 8);
}

/** The upper half of a product. */
// @ts-ignore: decorator
@inline export function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >>> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >>> 32;
  const t = a1 * b0 + ((a0 * b0) >>> 32);
  const u = a0 * b1 + (t & 0xffffffff);
  return a1 * b1 + (t >>> 32) + (u >>> 32);
}

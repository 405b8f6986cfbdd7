import { eight, hasOther, mulHigh, p10, sixteen } from "./digits";
import * as at from "./layout";

// Each function that reads a token stores the number at `out`, or returns false: JavaScript must read it.

/**
 * The nearest double of w * 10^q (Lemire, "Number parsing at a gigabyte per second", 2021); NaN if this arithmetic
 * cannot find it, and for subnormals and infinities.
 */
function nearest64(w: u64, q: i32): f64 {
  if (w == 0) return 0;
  if (q < -342 || q > 308) return NaN;
  const l = clz(w);
  w <<= l;
  const t = at.FIVES + (<usize>(q + 342) << 4);
  const five = load<u64>(t);
  let high = mulHigh(w, five);
  let low = w * five;
  if ((high & 0x1ff) == 0x1ff) {
    const more = mulHigh(w, load<u64>(t, 8));
    low += more;
    if (low < more) high++;
  }
  if (low == 0xffffffffffffffff && (q < -27 || q > 55)) return NaN;
  const up = high >>> 63;
  const shift = up + 9;
  let m = high >>> shift;
  let e = ((217706 * q) >> 16) + 63 + <i32>up - <i32>l + 1023;
  if (e <= 0) return NaN;
  if (low <= 1 && q >= -4 && q <= 23 && (m & 3) == 1 && m << shift == high) m &= ~(<u64>1);
  m += m & 1;
  m >>>= 1;
  if (m >= 0x20000000000000) {
    m = 0x10000000000000;
    e++;
  }
  if (e >= 0x7ff) return NaN;
  return reinterpret<f64>((m & 0xfffffffffffff) | (<u64>e << 52));
}

/** Stores a double that is not negative with its sign. */
// @ts-ignore: decorator
@inline export function signed<T>(d: f64, neg: u32, out: usize): void {
  if (sizeof<T>() == 4) store<u32>(out, reinterpret<u32>(<f32>d) | (neg << 31));
  else store<u64>(out, reinterpret<u64>(d) | (<u64>neg << 63));
}

/** Stores w * 10^q. */
// @ts-ignore: decorator
@inline function scaled<T>(w: u64, q: i32, neg: u32, out: usize): bool {
  if (w < 0x20000000000000 && <u32>(q + 22) <= 44) {
    // Both are exact: one operation rounds once (Clinger, 1990).
    signed<T>(q < 0 ? <f64><i64>w / p10(-q) : <f64><i64>w * p10(q), neg, out);
    return true;
  }
  return scaledFar<T>(w, q, neg, out);
}

function scaledFar<T>(w: u64, q: i32, neg: u32, out: usize): bool {
  if (sizeof<T>() == 4 && <u32>(q + 60) <= 120) {
    // Within a few units of the nearest double: enough, unless a midpoint of float32 is as near.
    const d = q < 0 && q >= -22 ? <f64>w / p10(-q) : <f64>w * p10(q);
    const low = <u32>reinterpret<u64>(d) & 0x1fffffff;
    if (d >= 1.1754943508222875e-38 && d < 3.4e38 && low - 0x0ffffff0 > 0x20) {
      signed<T>(d, neg, out);
      return true;
    }
  }
  const d = nearest64(w, q);
  if (isNaN(d)) return false;
  signed<T>(d, neg, out);
  return true;
}

/** A token of any form with at most 18 digits after leading zeros. */
function anyDecimal<T>(s: usize, e: usize, neg: u32, out: usize): bool {
  let i = s;
  let d = <u32>load<u8>(i) - 48;
  if (d > 9 || i >= e) return false;
  let w: u64 = d;
  let digits = d > 0 ? 1 : 0;
  let q = 0;
  i++;
  if (d > 0) {
    for (; i < e; i++) {
      d = <u32>load<u8>(i) - 48;
      if (d > 9) break;
      if (++digits > 18) return false;
      w = w * 10 + d;
    }
  }
  if (i < e && load<u8>(i) == 0x2e) {
    const first = ++i;
    for (; i < e; i++) {
      d = <u32>load<u8>(i) - 48;
      if (d > 9) break;
      if (digits > 0 || d > 0) digits++;
      if (digits > 18) return false;
      w = w * 10 + d;
    }
    if (i == first) return false;
    q = <i32>(first - i);
  }
  if (i < e && (load<u8>(i) | 0x20) == 0x65) {
    const sign = load<u8>(++i);
    if (sign == 0x2d || sign == 0x2b) i++;
    const first = i;
    let x = 0;
    for (; i < e; i++) {
      d = <u32>load<u8>(i) - 48;
      if (d > 9) break;
      if (x < 10000) x = x * 10 + d;
    }
    if (i == first) return false;
    q += sign == 0x2d ? -x : x;
  }
  return i == e && scaled<T>(w, q, neg, out);
}

/** A token [s, e) without its sign: at most 24 characters, digits and at most one point, or any other form. */
// @ts-ignore: decorator
@inline export function decimal<T>(s: usize, e: usize, neg: u32, out: usize): bool {
  const n = <u32>(e - s);
  if (n - 1 < 24) {
    const v = i8x16.sub(v128.load(s), v128.load(at.ZEROS));
    const points = i8x16.eq(v, v128.load(at.DOTS));
    const h = min<u32>(n, 16);
    const mask: u32 = (1 << h) - 1;
    const dots = <u32>i8x16.bitmask(points) & mask;
    const good = <u32>i8x16.bitmask(v128.or(points, i8x16.le_u(v, v128.load(at.NINES))));
    // The place of the point; 16 if there is none among the first 16 characters.
    const a = <u32>ctz(dots | 0x10000);
    const isPlaced = a < 16 ? a - 1 < n - 2 : n <= 16;
    const startsWell = a == 1 || i8x16.extract_lane_u(v, 0) != 0;
    if ((~good & mask) == 0 && (dots & (dots - 1)) == 0 && isPlaced && startsWell) {
      let w = sixteen(i8x16.swizzle(v, v128.load(at.SHUFFLES + (<usize>(a * 17 + h) << 4))));
      const q = a < 16 ? <i32>(a + 1) - <i32>n : 0;
      if (n <= 16) return scaled<T>(w, q, neg, out);
      const k = n - 16;
      const shift = 64 - (k << 3);
      const x = ((load<u64>(e - 8) ^ 0x3030303030303030) >>> shift) << shift;
      if (!hasOther(x) && w < load<u64>(at.LIMITS + (<usize>k << 3))) {
        w = w * load<u64>(at.INTEGER_POWERS + (<usize>k << 3)) + eight(x);
        return scaled<T>(w, q, neg, out);
      }
    }
  }
  return anyDecimal<T>(s, e, neg, out);
}

/** The tokens that most texts consist of: a digit, a point and up to 18 digits. Their second character is a point. */
// @ts-ignore: decorator
@inline export function usualDecimal<T>(s: usize, e: usize, neg: u32, out: usize): bool {
  const n = <u32>(e - s);
  if (n - 3 < 14) {
    const v = i8x16.sub(v128.load(s), v128.load(at.ZEROS));
    const m = <u32>i8x16.bitmask(i8x16.le_u(v, v128.load(at.NINES))) | 2;
    if (<u32>ctz(~m) < n) return false;
    const w = sixteen(i8x16.swizzle(v, v128.load(at.SHUFFLES + 272 + (<usize>n << 4))));
    signed<T>(<f64><i64>w / load<f64>(at.POWERS + 496 + (<usize>n << 3)), neg, out);
    return true;
  }
  if (n - 17 < 4) {
    const v = i8x16.sub(v128.load(s), v128.load(at.ZEROS));
    const m = <u32>i8x16.bitmask(i8x16.le_u(v, v128.load(at.NINES))) | 2;
    const shift = 64 - ((n - 16) << 3);
    const x = ((load<u64>(e - 8) ^ 0x3030303030303030) >>> shift) << shift;
    if (m != 0xffff || hasOther(x)) return false;
    let w = sixteen(i8x16.swizzle(v, v128.load(at.SHUFFLES + 272 + 256)));
    if (sizeof<T>() == 4) {
      // Cut after 14 places, less than 2^14 units too small: enough, unless a midpoint of float32 is as near.
      const d = <f64><i64>w / load<f64>(at.POWERS + 496 + 128);
      const low = <u32>reinterpret<u64>(d) & 0x1fffffff;
      if (w >= 1000000000000 && low - 0x0fff8000 > 0x10000) {
        signed<T>(d, neg, out);
        return true;
      }
    }
    w = w * load<u64>(at.INTEGER_POWERS + (<usize>(n - 16) << 3)) + eight(x);
    return scaled<T>(w, 2 - <i32>n, neg, out);
  }
  return false;
}

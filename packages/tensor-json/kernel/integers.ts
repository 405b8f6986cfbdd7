import { eight, hasOther } from "./digits";

// Each function that reads a token stores the number at `out`, or returns false: JavaScript must read it.

/** Stores an integer if the type holds it. */
// @ts-ignore: decorator
@inline export function stored<T>(w: u64, neg: u32, out: usize): bool {
  if (isSigned<T>()) {
    const max: u64 = sizeof<T>() == 4 ? 0x7fffffff : 0x7fffffffffffffff;
    if (w > max + neg) return false;
    store<T>(out, <T>(neg ? 0 - w : w));
    return true;
  }
  if (neg & <u32>(w != 0)) return false;
  if (sizeof<T>() == 4 && w > 0xffffffff) return false;
  store<T>(out, <T>w);
  return true;
}

/** A token of any length. */
function anyInteger<T>(s: usize, e: usize, neg: u32, out: usize): bool {
  const n = e - s;
  if (n - 1 > 19 || (n > 1 && load<u8>(s) == 0x30)) return false;
  let w: u64 = 0;
  for (let i = s; i < e; i++) {
    const d = <u64>load<u8>(i) - 48;
    if (d > 9) return false;
    // 2^64 - 1 is 18446744073709551615.
    if (w > 1844674407370955161 || (w == 1844674407370955161 && d > 5)) return false;
    w = w * 10 + d;
  }
  return stored<T>(w, neg, out);
}

/** A token [s, e) without its sign. */
// @ts-ignore: decorator
@inline export function integer<T>(s: usize, e: usize, neg: u32, out: usize): bool {
  const n = <u32>(e - s);
  if (n - 1 > 15 || <u32>(n > 1) & <u32>(load<u8>(s) == 0x30)) return anyInteger<T>(s, e, neg, out);
  // The characters that stand before the token are shifted out.
  const low = load<u64>(e - 8) ^ 0x3030303030303030;
  if (n <= 8) {
    const shift = 64 - (n << 3);
    const x = (low >>> shift) << shift;
    return !hasOther(x) && stored<T>(eight(x), neg, out);
  }
  const shift = 128 - (n << 3);
  const high = ((load<u64>(e - 16) ^ 0x3030303030303030) >>> shift) << shift;
  if (hasOther(low) || hasOther(high)) return false;
  return stored<T>(eight(high) * 100000000 + eight(low), neg, out);
}

/** An integer of up to four digits; -1 for all others. */
// @ts-ignore: decorator
@inline export function usualInteger(s: usize, e: usize): i32 {
  const n = <u32>(e - s);
  if (n - 1 > 3) return -1;
  const shift = 32 - (n << 3);
  const x = ((load<u32>(e - 4) ^ 0x30303030) >>> shift) << shift;
  if (((x | (x + 0x06060606)) & 0xf0f0f0f0) != 0 || <u32>(n > 1) & <u32>(load<u8>(s) == 0x30)) return -1;
  const t = (x * 10 + (x >>> 8)) & 0x00ff00ff;
  return (t & 0xff) * 100 + (t >>> 16);
}

import * as at from "./layout";

/** The separators among 16 characters: comma, "]", and all up to the space. */
// @ts-ignore: decorator
@inline function separators(p: usize): u64 {
  const v = v128.load(p);
  const s = v128.or(
    v128.or(i8x16.eq(v, v128.load(at.COMMAS)), i8x16.eq(v, v128.load(at.CLOSES))),
    i8x16.le_u(v, v128.load(at.SPACES)),
  );
  return <u64>(<u32>i8x16.bitmask(s));
}

// @ts-ignore: decorator
@inline function put(q: usize, base: u32, m: u64): u64 {
  store<u32>(q, base + <u32>ctz(m));
  return m & (m - 1);
}

/**
 * Writes where tokens of the window end, so that no number waits for the one before: the positions where a separator
 * follows another character. Zeros must follow the `length` characters. Returns the end of the index, where 2^32 - 1
 * stands.
 */
export function index(length: usize): usize {
  const end = at.WINDOW + length;
  let q = at.INDEX;
  let carry: u64 = 1;
  for (let p: usize = at.WINDOW; p < end; p += 64) {
    const s =
      separators(p) | (separators(p + 16) << 16) | (separators(p + 32) << 32) | (separators(p + 48) << 48);
    let m = s & ~((s << 1) | carry);
    carry = s >>> 63;
    const n = <usize>popcnt(m);
    const b = <u32>p;
    // Unconditional writes: those beyond n are overwritten.
    m = put(q, b, m);
    m = put(q + 4, b, m);
    m = put(q + 8, b, m);
    m = put(q + 12, b, m);
    m = put(q + 16, b, m);
    m = put(q + 20, b, m);
    if (n > 6) {
      m = put(q + 24, b, m);
      m = put(q + 28, b, m);
      m = put(q + 32, b, m);
      m = put(q + 36, b, m);
      m = put(q + 40, b, m);
      m = put(q + 44, b, m);
      if (n > 12) {
        let r = q + 48;
        do {
          m = put(r, b, m);
          r += 4;
        } while (m != 0);
      }
    }
    q += n << 2;
  }
  while (q > at.INDEX && load<u32>(q - 4) >= <u32>end) q -= 4;
  store<u32>(q, 0xffffffff);
  return q;
}

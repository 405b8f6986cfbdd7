import { digitsOf, mulHigh, p10 } from "./digits";
import * as at from "./layout";
import { end, exponential, separator, special, trailingZeros } from "./text";

// As C's printf writes with %.6g if that reads back, else with %.17g, and ".0" if neither "." nor "e" stands there.

export function writeF64(from: usize, count: i32, rowLength: i32, seen: i32): usize {
  let out = at.TEXT;
  let i = 0;
  let reason = at.DONE;
  for (; i < count; i++) {
    out = separator(out, seen, rowLength);
    if (seen == rowLength) seen = 0;
    const bits = load<u64>(from + (<usize>i << 3));
    const a = bits & 0x7fffffffffffffff;
    const exponent = <i32>(a >>> 52);
    if (a == 0 || exponent == 0x7ff) {
      out = special(out, bits >>> 63 != 0, a == 0, a > 0x7ff0000000000000);
      seen++;
      continue;
    }
    const x = reinterpret<f64>(a);
    let e = ((exponent - 1023) * 78913) >> 18;
    if (exponent == 0 || <u32>(e + 60) > 120) {
      reason = at.HARD;
      break;
    }
    e += <i32>(x >= p10(e + 1));
    // Seventeen digits and a fraction, from the 128 upper bits of a product of 53 and 128.
    const q = 16 - e;
    const m = ((a & 0xfffffffffffff) | 0x10000000000000) << 11;
    const t = at.FIVES + (<usize>(q + 342) << 4);
    const five = load<u64>(t);
    let high = mulHigh(m, five);
    const lower = m * five;
    const low = lower + mulHigh(m, load<u64>(t, 8));
    high += <u64>(low < lower);
    const r = <u64>(1085 - exponent - ((217706 * q) >> 16));
    let w = high >>> r;
    const fraction = (high << (64 - r)) | (low >>> r);
    if (fraction - 0x7fffffffffe00000 < 0x400000) {
      reason = at.HARD;
      break;
    }
    w += fraction >>> 63;
    let h = <u32>(w / 100000000);
    let rest = <u32>(w - <u64>h * 100000000);
    let precision = 17;
    if (rest <= 12 || rest >= 99999988) {
      const nine = h + <u32>(rest > 12);
      const six = nine / 1000;
      if (six * 1000 == nine) {
        const p = 5 - e;
        if (p > 22 || p < -22) {
          reason = at.HARD;
          break;
        }
        const back = p >= 0 ? <f64>six / p10(p) : <f64>six * p10(-p);
        if (back == x) {
          h = nine;
          rest = 0;
          precision = 6;
        }
      }
    }
    if (h >= 1000000000) {
      h = 100000000;
      e++;
    }
    store<u8>(out, 0x2d);
    out += <usize>(bits >>> 63);
    const top = h / 100000000;
    const z1 = digitsOf(h - top * 100000000);
    const z2 = digitsOf(rest);
    const digits = z2 != 0 ? 17 - trailingZeros(z2) : 9 - trailingZeros(z1);
    if (e < -4 || e >= precision) {
      store<u8>(out, 48 + top);
      store<u64>(out, z1 | 0x3030303030303030, 2);
      store<u64>(out, z2 | 0x3030303030303030, 10);
      out = exponential(out, digits, e);
    } else {
      const o = e < 0 ? out + 1 - e : out;
      if (e < 0) store<u64>(out, 0x3030303030302e30);
      store<u8>(o, 48 + top);
      store<u64>(o, z1 | 0x3030303030303030, 1);
      store<u64>(o, z2 | 0x3030303030303030, 9);
      if (e < 0) out = o + digits;
      else {
        store<u8>(o, 0x30, 17);
        const after = v128.load(o + 1 + e);
        store<u8>(o + 1 + e, 0x2e);
        v128.store(o + 2 + e, after);
        out += 1 + max<i32>(digits, e + 2);
      }
    }
    seen++;
  }
  end(reason, i, seen);
  return out;
}

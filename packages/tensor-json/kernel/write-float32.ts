import { digitsOf, p10 } from "./digits";
import * as at from "./layout";
import { end, exponential, separator, special, trailingZeros } from "./text";

// As C's printf writes with %.6g if that reads back, else with %.9g, and ".0" if neither "." nor "e" stands there.

export function writeF32(from: usize, count: i32, rowLength: i32, seen: i32): usize {
  let out = at.TEXT;
  let i = 0;
  let reason = at.DONE;
  for (; i < count; i++) {
    out = separator(out, seen, rowLength);
    if (seen == rowLength) seen = 0;
    const bits = load<u32>(from + (<usize>i << 2));
    const a = bits & 0x7fffffff;
    if (a == 0 || a >= 0x7f800000) {
      out = special(out, bits >>> 31 != 0, a == 0, a > 0x7f800000);
      seen++;
      continue;
    }
    const v = reinterpret<f32>(a);
    const x = <f64>v;
    let e = <i32>load<i8>(at.DECIMAL_EXPONENTS + (a >>> 23));
    e += <i32>(x >= p10(e + 1));
    if (<u32>(e + 14) > 42) {
      reason = at.HARD;
      break;
    }
    const k = 8 - e;
    const product = k >= 0 ? x * p10(k) : x / p10(-k);
    if (<u32>k > 12) {
      // The product is rounded: nearer to a half only exact arithmetic can tell.
      const fraction = product - floor(product);
      if (fraction > 0.499999 && fraction < 0.500001) {
        reason = at.HARD;
        break;
      }
    }
    let nine = <u32>nearest(product);
    let precision = 9;
    const third = nine / 1000;
    const r = nine - third * 1000;
    if (r <= 70 || r >= 930) {
      const six = third + <u32>(r >= 930);
      const back = e <= 5 ? <f64>six / p10(5 - e) : <f64>six * p10(e - 5);
      if (<f32>back == v) {
        nine = six * 1000;
        precision = 6;
      }
    }
    if (nine >= 1000000000) {
      nine = 100000000;
      e++;
    }
    store<u8>(out, 0x2d);
    out += bits >>> 31;
    const top = nine / 100000000;
    const z = digitsOf(nine - top * 100000000);
    const digits = 9 - trailingZeros(z);
    if (e < -4 || e >= precision) {
      store<u8>(out, 48 + top);
      store<u64>(out, z | 0x3030303030303030, 2);
      out = exponential(out, digits, e);
    } else {
      let d = i64x2.splat(<i64>(<u64>top | (z << 8) | 0x3030303030303030));
      d = i64x2.replace_lane(d, 1, <i64>((z >>> 56) | 0x302e30));
      v128.store(out, i8x16.swizzle(d, v128.load(at.PLACES + (<usize>(e + 4) << 4))));
      out += e < 0 ? 1 - e + digits : 1 + max<i32>(digits, e + 2);
    }
    seen++;
  }
  end(reason, i, seen);
  return out;
}

/** Random numbers from a seed, the same in every run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 32 random bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer from 0 to n - 1. */
  int(n: number): number {
    return this.bits() % n;
  }

  /** A number from 0 to 1 with 53 random bits. */
  unit(): number {
    return (this.bits() + (this.bits() & 0x1fffff) / 2 ** 21) / 2 ** 32;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }
}

const view = new DataView(new ArrayBuffer(8));

/** Any finite double, by its bits. */
export function anyDouble(random: Random): number {
  for (;;) {
    view.setUint32(0, random.bits());
    view.setUint32(4, random.bits());
    const value = view.getFloat64(0);
    if (Number.isFinite(value)) return value;
  }
}

/** Any finite float32, by its bits. */
export function anyFloat(random: Random): number {
  for (;;) {
    view.setUint32(0, random.bits());
    const value = view.getFloat32(0);
    if (Number.isFinite(value)) return value;
  }
}

/** A positive float32 from about 1e-8 to 1e7. */
export function nearFloat(random: Random): number {
  view.setUint32(0, ((100 + random.int(50)) << 23) | (random.bits() & 0x7fffff));
  return view.getFloat32(0);
}

function floatAfter(value: number): number {
  view.setFloat32(0, value);
  view.setUint32(0, view.getUint32(0) + 1);
  return view.getFloat32(0);
}

function doubleAfter(value: number): number {
  view.setFloat64(0, value);
  view.setBigUint64(0, view.getBigUint64(0) + 1n);
  return view.getFloat64(0);
}

/** The point halfway from a positive double to the next, with all its digits. */
function upperMidpoint(value: number): string {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  let mantissa = ((bits & 0xfffffffffffffn) | (1n << 52n)) * 2n + 1n;
  let exponent = Number((bits >> 52n) & 0x7ffn) - 1076;
  if (exponent > 0) {
    mantissa <<= BigInt(exponent);
    exponent = 0;
  } else mantissa *= 5n ** BigInt(-exponent);
  const digits = mantissa.toString();
  return `${digits[0]}.${digits.slice(1)}e${exponent + digits.length - 1}`;
}

/** A number in scientific form without an exponent, if that is negative. */
function withoutExponent(text: string): string {
  const [, first, rest, exponent] = /^(\d)\.(\d*)e-(\d+)$/.exec(text) ?? [];
  return exponent === undefined ? text : `0.${"0".repeat(Number(exponent) - 1)}${first}${rest}`;
}

/** The first `digits` digits of a number in scientific form. */
function cut(text: string, digits: number): string {
  const [, whole, fraction = "", exponent] = /^(-?\d)\.(\d*)e(.*)$/.exec(text) ?? [];
  return whole === undefined ? text : `${whole}.${fraction.slice(0, digits - 1)}e${exponent}`;
}

/** A number with its last digit one higher. */
const raised = (text: string) =>
  text.replace(/(\d)(e|$)/, (_, digit, e) => `${digit < 9 ? Number(digit) + 1 : digit}${e}`);

const floatMidpoint = (random: Random) => {
  const value = nearFloat(random);
  return (value + floatAfter(value)) / 2;
};

const FIXED = [
  ...[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "0e5",
    "-0e-5",
    "0.000",
    "1.0",
    "9007199254740993.0",
    "0.1e1",
    "1E2",
  ],
  ...["16777215", "16777217", "0.30000000000000004", "9.999999999999999", "0.99999999999999999"],
  ...["0.000000000000000001", "1e-400", "7.0060e-46", "7.0064923216240854e-46", "1.4e-45", "1e39"],
  ...[
    "0.00000000000000000000000000000000000001175494350822287507",
    "NaN",
    "-NaN",
    "Infinity",
    "-Inf",
  ],
  ...["2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "-1"],
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"],
  ...[
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "12345678",
    "123456789",
  ],
];

/** Texts of numbers: of usual ones, and of those near to where the rounding changes. */
export const NUMBER_TEXTS: readonly ((random: Random) => string)[] = [
  (r) => String(anyDouble(r)),
  (r) => anyDouble(r).toPrecision(17),
  (r) => anyDouble(r).toExponential(r.int(20)),
  (r) => anyDouble(r).toExponential(40),
  (r) => anyFloat(r).toPrecision(9),
  (r) => String(anyFloat(r)),
  (r) => String(nearFloat(r)),
  (r) => nearFloat(r).toPrecision(9),
  (r) => nearFloat(r).toPrecision(17),
  (r) => r.unit().toPrecision(1 + r.int(21)),
  (r) => r.unit().toPrecision(17),
  (r) => (r.unit() * 2 - 1).toFixed(r.int(21)),
  (r) => (r.unit() * 10 ** r.int(16)).toFixed(r.int(12)),
  (r) => floatMidpoint(r).toPrecision(17 + r.int(60)),
  (r) => withoutExponent(cut(floatMidpoint(r).toExponential(60), 15 + r.int(7))),
  (r) => raised(withoutExponent(cut(floatMidpoint(r).toExponential(60), 15 + r.int(7)))),
  (r) => {
    const middle = floatMidpoint(r);
    return (r.int(2) ? doubleAfter(middle) : middle - middle * 2 ** -53).toPrecision(17);
  },
  (r) => upperMidpoint(r.unit()),
  (r) => withoutExponent(cut(upperMidpoint(r.unit()), 17 + r.int(4))),
  (r) => raised(cut(upperMidpoint(r.unit() * 10 ** (r.int(40) - 20)), 17 + r.int(30))),
  (r) => upperMidpoint(1e-280 * r.unit()),
  (r) => cut(upperMidpoint(r.unit() * 2 ** (r.int(1800) - 900)), 18 + r.int(3)),
  (r) => String(r.int(256)),
  (r) => String(r.int(16_777_216)),
  (r) => `-${r.int(300)}`,
  (r) => String(r.bits()),
  (r) => `${r.bits()}${r.bits()}`,
  (r) => `-${1 + r.int(99)}${String(r.bits()).padStart(10, "0")}`,
  (r) => `${r.int(1000)}e${r.int(60) - 30}`,
  (r) => `${r.int(10)}.${r.bits()}E+${r.int(30)}`,
  (r) => `${r.unit()}e-${r.int(320)}`,
  (r) => `-${r.unit()}e${r.int(320)}`,
  (r) => (anyFloat(r) * 1e-38 * r.unit()).toExponential(8),
  (r) => (1.1754943508222875e-38 * r.unit()).toPrecision(9 + r.int(9)),
  (r) => (5e-324 * r.int(1e6)).toExponential(17),
  (r) => `3.402823${r.int(1e6)}e38`,
  (r) => `1.797693134862315${r.int(999)}e308`,
  (r) => `0.${"0".repeat(r.int(25))}${r.bits()}`,
  (r) => `${r.int(10)}.${String(r.bits()).padStart(10, "0")}${"0".repeat(r.int(12))}`,
  (r) => r.pick(FIXED),
];

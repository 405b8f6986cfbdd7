import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DType, NUMERIC_DTYPES, type NumericDType } from "./dtype.js";
import { BFLOAT16, FLOAT16, type HalfFloat, toHalfFloat } from "./half-float.js";
import { plainElement } from "./plain-elements.js";
import { tensor } from "./tensor.js";

/** Returns the number that 16 bits represent, by the definition of the format. */
function numberOf(bits: number, { minExponent, fractionBits }: HalfFloat): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = (bits & ((1 << fractionBits) - 1)) / 2 ** fractionBits;
  if (exponent === 0) return sign * fraction * 2 ** minExponent;
  if (exponent === (1 << (15 - fractionBits)) - 1) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  return sign * (1 + fraction) * 2 ** (exponent - 1 + minExponent);
}

const formats = [
  ["float16", FLOAT16],
  ["bfloat16", BFLOAT16],
] as const;

describe.each(formats)("toHalfFloat, %s", (_, format) => {
  it("returns the bits of each of its numbers", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = numberOf(bits, format);
      if (!Number.isNaN(value)) expect(toHalfFloat(value, format)).toBe(bits);
    }
    expect(numberOf(toHalfFloat(Number.NaN, format), format)).toBeNaN();
  });

  it("rounds to the nearest number, ties to even", () => {
    const infinity = toHalfFloat(Number.POSITIVE_INFINITY, format);
    for (let bits = 0; bits < infinity - 1; bits++) {
      const [low, high] = [numberOf(bits, format), numberOf(bits + 1, format)];
      const even = bits % 2 === 0 ? bits : bits + 1;
      const middle = (low + high) / 2;
      const quarter = (high - low) / 4;
      expect(toHalfFloat(middle, format)).toBe(even);
      expect(toHalfFloat(middle - quarter, format)).toBe(bits);
      expect(toHalfFloat(-(middle + quarter), format)).toBe(0x8000 + bits + 1);
    }
  });

  it("rounds any double once", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const bits = toHalfFloat(value, format);
        const error = Math.abs(numberOf(bits, format) - value);
        if (!Number.isFinite(error)) return;
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = numberOf(neighbour & 0xffff, format);
          if (Math.sign(other) === Math.sign(value) && Number.isFinite(other)) {
            expect(Math.abs(other - value)).toBeGreaterThanOrEqual(error);
          }
        }
      }),
    );
  });
});

describe("tensor from plain values", () => {
  it.each([
    [
      "float16",
      [1.5, -2, 65504, 65519, 2 ** -24, Number.POSITIVE_INFINITY],
      [0x3e00, 0xc000, 0x7bff, 0x7bff, 1, 0x7c00],
    ],
    [
      "bfloat16",
      [1.5, -2, 3.3895313892515355e38, 1e-40, Number.NEGATIVE_INFINITY],
      [0x3fc0, 0xc000, 0x7f7f, 1, 0xff80],
    ],
    [
      "float32",
      [0.1, 3.4028235e38, Number.NEGATIVE_INFINITY],
      [Math.fround(0.1), 3.4028234663852886e38, Number.NEGATIVE_INFINITY],
    ],
    ["float64", [0.1, Number.MAX_VALUE], [0.1, Number.MAX_VALUE]],
    ["int4", [-8, 7], [-8, 7]],
    ["uint4", [0, 15], [0, 15]],
    ["int8", [-128, 127], [-128, 127]],
    ["uint8", [255], [255]],
    ["int32", [-(2 ** 31), 2 ** 31 - 1], [-2147483648, 2147483647]],
    ["uint32", [2 ** 32 - 1], [4294967295]],
    ["int64", [-(2n ** 63n), 2 ** 62], [-(2n ** 63n), 2n ** 62n]],
    ["uint64", [2n ** 64n - 1n, 0], [2n ** 64n - 1n, 0n]],
    ["bool", [true, 0, 1], [1, 0, 1]],
    ["qint8", [-128], [-128]],
  ] as [DType, unknown[], unknown[]][])("keeps the values of %s", (dtype, elements, expected) => {
    const made = tensor(dtype, [elements.length], elements as never);
    expect([...(made.data as Iterable<unknown>)]).toEqual(expected);
  });

  const numeric = Object.keys(NUMERIC_DTYPES) as NumericDType[];
  const isFloat = (dtype: DType) => /float|complex/.test(dtype);
  const limits: [DType, unknown][] = [
    ["float16", 65520],
    ["float16", -1e9],
    ["bfloat16", 3.4e38],
    ["float32", 3.5e38],
    ["complex64", -1e39],
    ["int4", 8],
    ["uint4", 16],
    ["int8", 128],
    ["int8", -129],
    ["uint8", 256],
    ["uint8", -1],
    ["int16", 40_000],
    ["uint16", 65_536],
    ["int32", 2 ** 31],
    ["uint32", -1],
    ["int64", 2 ** 63],
    ["int64", 2n ** 63n],
    ["uint64", -1n],
    ["qint32", -(2 ** 31) - 1],
    ["bool", 2],
    ["bool", Number.NaN],
  ];

  it.each(limits)("rejects for %s the value %s, which it does not hold", (dtype, value) => {
    expect(() => plainElement(dtype, value)).toThrow(RangeError);
  });

  it.each(numeric.filter((dtype) => !isFloat(dtype)))("refuses fractions for %s", (dtype) => {
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => plainElement(dtype, value)).toThrow(RangeError);
    }
  });

  it.each([...numeric, "string"] as DType[])("refuses what is not a value of %s", (dtype) => {
    const values = [null, undefined, [1], [], {}, new Date(0), Symbol("one"), () => 1];
    if (dtype !== "string") values.push("1", "", new Uint8Array(1));
    if (dtype !== "bool") values.push(true);
    if (dtype !== "int64" && dtype !== "uint64") values.push(1n);
    for (const value of values) expect(() => plainElement(dtype, value)).toThrow(TypeError);
    expect(() => tensor(dtype, [2, 1], new Array(2) as never)).toThrow("element 0");
  });

  it("names the element, the expected and the received value", () => {
    expect(() => tensor("int8", [3], [1, 2, 300])).toThrow(
      new RangeError("element 2 of int8: expected an integer from -128 to 127; got 300"),
    );
    expect(() => tensor("float32", [2], [1, "2"] as never)).toThrow(
      new TypeError('element 1 of float32: expected a number; got "2"'),
    );
    expect(() => tensor("float32", [1, 2], [[1, 2]] as never)).toThrow(
      new TypeError(
        "element 0 of float32: expected a number; got Array; pass the elements of all dimensions in one flat array",
      ),
    );
  });

  it("rejects a string that UTF-8 cannot encode", () => {
    expect(() => tensor("string", [1], ["a\ud800"])).toThrow(RangeError);
  });

  // Node has Float16Array since version 24.
  const Float16 = (globalThis as { Float16Array?: { from(numbers: number[]): never } })
    .Float16Array;
  it.skipIf(Float16 === undefined)(
    "accepts a Float16Array without a copy (skipped before Node 24, which has none)",
    () => {
      const elements = Float16?.from([1.5, -2]) as unknown as { readonly buffer: ArrayBuffer };
      const { data } = tensor("float16", [2], elements as never);
      expect(data).toEqual(Uint16Array.of(0x3e00, 0xc000));
      expect(data.buffer).toBe(elements.buffer);
      expect(() => tensor("float32", [2], elements as never)).toThrow(TypeError);
    },
  );
});

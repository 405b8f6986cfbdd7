import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type DType, isDType, NUMERIC_DTYPES, type NumericDType } from "./dtype.js";
import { elementCount, stringsOf, type Tensor, tensor } from "./tensor.js";

const numericDTypes = Object.keys(NUMERIC_DTYPES) as NumericDType[];

describe("tensor", () => {
  it("accepts a typed array of the dtype as it is", () => {
    const data = new Float32Array([1, 2, 3, 4]);
    expect(tensor("float32", [2, 2], data).data).toBe(data);
  });

  it.each(numericDTypes)("makes the typed array of %s from plain numbers", (dtype) => {
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
    const made = tensor(dtype, [1, entriesPerElement === 2 ? 1 : 2], [1, 0] as never);
    expect(made.data).toBeInstanceOf(array);
    const one = { float16: 0x3c00, bfloat16: 0x3f80 }[dtype as string] ?? 1;
    expect([...made.data].map(Number)).toEqual([one, 0]);
  });

  it("keeps int64 beyond 2^53 exact", () => {
    const made = tensor("int64", [2], [9007199254740993n, -1]);
    expect(made.data).toEqual(BigInt64Array.of(9007199254740993n, -1n));
  });

  it("encodes texts as UTF-8 and takes bytes as they are", () => {
    const bytes = Uint8Array.of(0xff, 0);
    const made = tensor("string", [3], ["é", "", bytes]);
    expect(made.data[2]).toBe(bytes);
    expect(stringsOf(tensor("string", [2], ["é", ""]))).toEqual(["é", ""]);
  });

  it("makes booleans 0 and 1", () => {
    expect(tensor("bool", [2], [true, false]).data).toEqual(Uint8Array.of(1, 0));
  });

  it("holds one element in a scalar, and none if a dimension is 0", () => {
    expect(tensor("int32", [], [7]).data.length).toBe(1);
    expect(tensor("int32", [3, 0], []).data.length).toBe(0);
  });

  it("rejects a length that is not that of the shape", () => {
    expect(() => tensor("float32", [2, 2], [1, 2, 3])).toThrow(
      new RangeError("shape [2,2] of float32 takes 4 entries; got 3"),
    );
    expect(() => tensor("complex64", [2], [1, 2])).toThrow(
      new RangeError("shape [2] of complex64 takes 4 entries; got 2"),
    );
  });

  it("rejects a typed array of another dtype", () => {
    expect(() => tensor("float32", [1], new Float64Array(1) as never)).toThrow(
      new TypeError("elements of float32 must be a Float32Array or an array; got Float64Array"),
    );
  });

  it.each([[-1], [1.5], [Number.NaN], [2 ** 53]])("rejects the dimension %s", (dimension) => {
    expect(() => elementCount([dimension])).toThrow(RangeError);
  });

  it("has a type that follows the dtype", () => {
    expectTypeOf(tensor("int64", [1], [1n]).data).toEqualTypeOf<BigInt64Array>();
    expectTypeOf<Tensor<"string">["data"]>().toEqualTypeOf<readonly Uint8Array[]>();
  });
});

describe("elementCount", () => {
  it("is the product of the dimensions", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 6 }), (shape) => {
        expect(elementCount(shape)).toBe(shape.reduce((a, b) => a * b, 1));
      }),
    );
  });
});

describe("isDType", () => {
  it("knows every dtype and no property of objects", () => {
    for (const dtype of [...numericDTypes, "string"] satisfies DType[]) {
      expect(isDType(dtype)).toBe(true);
    }
    for (const text of ["__proto__", "constructor", "toString", "float", ""]) {
      expect(isDType(text)).toBe(false);
    }
  });
});

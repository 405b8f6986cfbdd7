import { describe, expect, it } from "vitest";
import type { DType } from "./dtype.js";
import { nestedOf, rowsOf } from "./from-tensor.js";
import { BFLOAT16, FLOAT16, fromHalfFloat, toHalfFloat } from "./half-float.js";
import { type Tensor, tensor } from "./tensor.js";
import { toTensor } from "./to-tensor.js";

describe("nestedOf", () => {
  it.each<[DType, number[], unknown[], unknown]>([
    ["float32", [], [1.5], 1.5],
    ["float32", [2], [1, 2], [1, 2]],
    [
      "float32",
      [2, 2],
      [1, 2, 3, 4],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["float32", [2, 1, 2], [1, 2, 3, 4], [[[1, 2]], [[3, 4]]]],
    ["float32", [0, 3], [], []],
    ["float32", [2, 0], [], [[], []]],
    ["int64", [2], [1, 2n], [1n, 2n]],
    ["bool", [2], [true, 0], [true, false]],
    ["string", [1, 2], ["é", "b"], [["é", "b"]]],
    ["float16", [2], [1.5, -65504], [1.5, -65504]],
    ["bfloat16", [1], [1.5], [1.5]],
    [
      "complex64",
      [2],
      [1, 2, 3, 4],
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("of %s %j (%#)", (dtype, shape, elements, expected) => {
    const made = tensor(dtype, shape, elements as never) as Tensor;
    expect(nestedOf(made)).toEqual(expected);
  });

  it("is the inverse of toTensor", () => {
    const values = [
      [1.5, 2],
      [3, 4],
    ];
    expect(nestedOf(toTensor(values, { dtype: "float16", shape: [-1, 2] }))).toEqual(values);
  });

  it("rejects a tensor that contradicts itself, and endless empty rows", () => {
    const short: Tensor = { dtype: "float32", shape: [3], data: new Float32Array(2) };
    expect(() => nestedOf(short)).toThrow("must have 3 entries; got 2");
    const empty: Tensor = { dtype: "float32", shape: [2 ** 30, 0], data: new Float32Array(0) };
    expect(() => nestedOf(empty)).toThrow("too many empty rows");
  });
});

describe("fromHalfFloat", () => {
  it.each([FLOAT16, BFLOAT16])(
    "is the inverse of toHalfFloat for all 65,536 numbers (%o)",
    (format) => {
      const wrong = Array.from({ length: 65_536 }, (_, bits) => bits).filter((bits) => {
        const value = fromHalfFloat(bits, format);
        return !Number.isNaN(value) && toHalfFloat(value, format) !== bits;
      });
      expect(wrong).toEqual([]);
      expect(fromHalfFloat(0x7fff, format)).toBeNaN();
    },
  );
});

describe("rowsOf", () => {
  it("returns the rows, which share the memory", () => {
    const made = tensor("float32", [2, 1, 2], [1, 2, 3, 4]);
    const rows = rowsOf(made);
    expect(rows).toEqual([new Float32Array([1, 2]), new Float32Array([3, 4])]);
    made.data[2] = 7;
    expect(rows[1]?.[0]).toBe(7);
    expect(rowsOf(tensor("float32", [0, 2], []))).toEqual([]);
    expect(rowsOf(tensor("string", [2, 1], ["a", "b"])).map((row) => `${row}`)).toEqual([
      "97",
      "98",
    ]);
    expect(() => rowsOf(tensor("float32", [], [1]))).toThrow("a scalar has no rows");
  });
});

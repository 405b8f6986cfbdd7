import { describe, expect, it } from "vitest";
import type { TensorSpec } from "./signature.js";
import { zeroInputs } from "./zeros.js";

const invent = (spec: TensorSpec, rows?: number) =>
  zeroInputs({ inputs: new Map([["x", spec]]) }, rows).x;

describe("zeroInputs", () => {
  it.each<[TensorSpec, number | undefined, number[], number]>([
    [{ dtype: "float32", shape: [-1, 64] }, undefined, [1, 64], 64],
    [{ dtype: "float32", shape: [-1, 64] }, 3, [3, 64], 192],
    [{ dtype: "int64", shape: [2, -1] }, 3, [2, 1], 2],
    [{ dtype: "bool", shape: null }, 3, [], 1],
    [{ dtype: "string", shape: [-1] }, 2, [2], 2],
    [{ dtype: "complex64", shape: [2] }, undefined, [2], 4],
    [{ dtype: "uint8", shape: [0, 5] }, undefined, [0, 5], 0],
  ])("gives for %j and %j rows the shape %j", (spec, rows, shape, entries) => {
    const invented = invent(spec, rows);
    expect(invented).toMatchObject({ dtype: spec.dtype, shape });
    expect(invented?.data).toHaveLength(entries);
    for (const entry of invented?.data ?? [])
      expect([0, 0n, new Uint8Array(0)]).toContainEqual(entry);
  });

  it("leaves out what may be left out", () => {
    expect(invent({ dtype: "float32", shape: [1], isOptional: true })).toBeUndefined();
  });

  it("rejects shapes that would exhaust memory", () => {
    expect(() => invent({ dtype: "float32", shape: [2 ** 20, 2 ** 20] })).toThrow(RangeError);
  });
});

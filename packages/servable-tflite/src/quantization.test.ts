import { type Tensor, type TensorSpec, tensor } from "@serving-kit/inference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dequantize, quantize, toFloatSpec } from "./quantization.js";

const int8 = (scale: number, zeroPoint: number): TensorSpec => ({
  dtype: "int8",
  shape: [-1],
  quantization: { scale: [scale], zeroPoint: [zeroPoint] },
});
const quantized = (values: number[], spec: TensorSpec) =>
  Array.from(quantize(tensor("float32", [values.length], values), spec).data as Int8Array);

describe("quantize", () => {
  it("rounds halves away from zero, as TensorFlow Lite does", () => {
    expect(quantized([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], int8(1, 0))).toEqual([1, 2, 3, -1, -2, -3]);
  });

  it("clamps to the integers, infinities too, and takes NaN for the zero point", () => {
    const values = [1e9, -1e9, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    expect(quantized(values, int8(0.1, 3))).toEqual([127, -128, 127, -128, 3]);
  });

  it("leaves tensors that are not quantized unchanged", () => {
    const spec: TensorSpec = { dtype: "float32", shape: [-1] };
    const real = tensor("float32", [1], [0.3]);
    expect(quantize(real, spec)).toBe(real);
    expect(dequantize(real, spec)).toBe(real);
    expect(toFloatSpec(spec)).toBe(spec);
  });

  it("is undone by dequantize to within half a step", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -12, max: 12, noNaN: true }), { minLength: 1 }),
        fc.integer({ min: -5, max: 5 }),
        (values, zeroPoint) => {
          const spec = int8(Math.fround(0.1), zeroPoint);
          const there = quantize(tensor("float32", [values.length], values), spec);
          const back = dequantize(there, spec) as Tensor<"float32">;
          values.forEach((value, i) => {
            expect(Math.abs((back.data[i] as number) - value)).toBeLessThan(0.0501);
          });
        },
      ),
    );
  });

  it("uses the scale of the slice if there is one per slice", () => {
    const spec: TensorSpec = {
      dtype: "uint8",
      shape: [2, 2, 2],
      quantization: { scale: [1, 10], zeroPoint: [0, 100], dimension: 1 },
    };
    const real = tensor("float32", [2, 2, 2], [1, 2, 10, 20, 3, 4, 30, -40]);
    const integers = quantize(real, spec);
    expect(integers).toMatchObject({ dtype: "uint8", shape: [2, 2, 2] });
    expect(Array.from(integers.data as Uint8Array)).toEqual([1, 2, 101, 102, 3, 4, 103, 96]);
    expect(dequantize(integers, spec)).toEqual(real);
  });

  it("makes the specification one of float32", () => {
    expect(toFloatSpec(int8(1, 0))).toEqual({ dtype: "float32", shape: [-1] });
  });
});

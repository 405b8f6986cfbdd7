import { type DType, type Tensor, type Tensors, tensor } from "@serving-kit/inference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePredict } from "./encode-predict.js";
import { format32, format64 } from "./format-number.js";
import type { PredictForm } from "./read-inputs.js";

const encode = (outputs: Tensors, form: PredictForm = "columnar") =>
  encodePredict(outputs, form).toString();

describe("the form of floats", () => {
  it.each([
    [0.2, "0.2"],
    [1 / 3, "0.333333343"],
    [9, "9.0"],
    [1234567, "1234567.0"],
    [1e6, "1e+06"],
    [9e6, "9e+06"],
    [16777216, "16777216.0"],
    [1e10, "1e+10"],
    [0.00003, "3e-05"],
    [0.0001, "0.0001"],
    [0.00012345678, "0.000123456775"],
    [6e-7, "6e-07"],
    [3.4028234663852886e38, "3.40282347e+38"],
    [1.401298464324817e-45, "1.4013e-45"],
    [2 ** -13, "0.000122070312"],
    [123456, "123456.0"],
    [999999.9, "999999.875"],
    [-0, "-0.0"],
    [-1.5, "-1.5"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
  ])("writes the float32 %d as %s", (value, text) => {
    expect(format32(value)).toBe(text);
  });

  it.each([
    [0.1, "0.1"],
    [1 / 3, "0.33333333333333331"],
    [2 ** -25, "2.9802322387695312e-08"],
    [1234567, "1234567.0"],
    [2 ** 53, "9007199254740992.0"],
    [1e17, "1e+17"],
    [1e300, "1e+300"],
    [5e-324, "4.94066e-324"],
    [123456789.123, "123456789.123"],
    [-0, "-0.0"],
  ])("writes the float64 %d as %s", (value, text) => {
    expect(format64(value)).toBe(text);
  });

  it("reads back as the same float32", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = format32(value);
        expect(Object.is(Math.fround(Number(text)), value)).toBe(true);
        expect(text).toMatch(/[.e]/);
        const digits = text
          .replace(/e.*/, "")
          .replace(/[-.]/g, "")
          .replace(/^0+/, "")
          .replace(/0+$/, "");
        expect(digits.length).toBeLessThanOrEqual(9);
      }),
      { numRuns: 1_000 },
    );
  });

  it("reads back as the same float64", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Number(format64(value)), value)).toBe(true);
        expect(format64(value)).toMatch(/[.e]/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("encodePredict", () => {
  it.each<[DType, number[], unknown[], string]>([
    ["float32", [2, 2], [1, 2.5, 3, 4], "[[1.0,2.5],[3.0,4.0]]"],
    ["float32", [2, 1], [1, 2], "[[1.0],[2.0]]"],
    ["float32", [], [1], "1.0"],
    ["float32", [0], [], "[]"],
    ["float32", [2, 0], [], "[[],[]]"],
    ["int8", [2], [-128, 127], "[-128,127]"],
    ["uint32", [1], [4294967295], "[4294967295]"],
    ["int32", [2], [-2147483648, 2147483647], "[-2147483648,2147483647]"],
    ["int64", [2], [-(2n ** 63n), 2n ** 63n - 1n], "[-9223372036854775808,9223372036854775807]"],
    ["bool", [2], [true, false], "[true,false]"],
    ["string", [1], ['a"\\\n\u0001/é'], '["a\\"\\\\\\n\\u0001/é"]'],
  ])("writes %s of shape %j", (dtype, shape, elements, text) => {
    const value = tensor(dtype, shape, elements as never) as Tensor;
    expect(encode({ y: value })).toBe(`{"outputs":${text}}`);
    if (shape.length > 0) expect(encode({ y: value }, "row")).toBe(`{"predictions":${text}}`);
  });

  it("leaves the name of a single output out and slices rows of several", () => {
    const a = tensor("float32", [2, 2], [1, 2, 3, 4]);
    const b_bytes = tensor("string", [2], ["x", "yz"]);
    expect(encode({ a, b_bytes }, "row")).toBe(
      '{"predictions":[{"a":[1.0,2.0],"b_bytes":{"b64":"eA=="}},{"a":[3.0,4.0],"b_bytes":{"b64":"eXo="}}]}',
    );
    expect(encode({ a, b_bytes })).toBe(
      '{"outputs":{"a":[[1.0,2.0],[3.0,4.0]],"b_bytes":[{"b64":"eA=="},{"b64":"eXo="}]}}',
    );
  });

  it("rejects no outputs, and tensors whose data do not fill their shape", () => {
    expect(() => encode({})).toThrow("Cannot convert empty tensor map to JSON");
    const short = { dtype: "float32", shape: [3], data: new Float32Array(2) } as const;
    expect(() => encode({ y: short })).toThrow(
      'the model gave output "y" of shape [3] and float32 with 2 elements',
    );
  });

  it("never writes beyond the memory it took", () => {
    const names = fc.string({ minLength: 1, maxLength: 5, unit: "binary" });
    const texts = fc.array(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(names, names, texts, (first, second, strings) => {
        const outputs = {
          [first]: tensor("float32", [2], [-1.2345678e-38, -9.999999e-5]),
          [second]: tensor("string", [2], strings),
        };
        for (const form of ["row", "columnar"] as const) {
          const parsed = JSON.parse(encode(outputs, form));
          if (form === "row") expect(parsed.predictions).toHaveLength(2);
        }
      }),
    );
  });
});

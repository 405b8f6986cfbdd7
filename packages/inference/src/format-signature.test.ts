import { describe, expect, it } from "vitest";
import { formatSignature } from "./format-signature.js";
import type { Signature } from "./signature.js";

describe("formatSignature", () => {
  it("has a line for every input and output", () => {
    const signature: Signature = {
      methodName: "tensorflow/serving/predict",
      inputs: new Map([
        ["image", { dtype: "float32", shape: [-1, 64], nativeName: "image:0" }],
        ["rate", { dtype: "float32", shape: [], isOptional: true }],
        ["words", { dtype: "string", shape: null }],
      ]),
      outputs: new Map([
        ["y", { dtype: "int8", shape: [1], quantization: { scale: [0.5], zeroPoint: [-3] } }],
        ["z", { dtype: "int8", shape: [1], quantization: { scale: [1, 2], zeroPoint: [0, 0] } }],
      ]),
    };
    expect(formatSignature("serving_default", signature)).toEqual([
      "signature serving_default (tensorflow/serving/predict)",
      "  input image float32 [?, 64] (image:0)",
      "  input rate float32 [], optional",
      "  input words string of any shape",
      "  output y int8 [1], quantized with scale 0.5 and zero point -3",
      "  output z int8 [1], quantized with 2 scales",
    ]);
    expect(formatSignature("f", { inputs: new Map(), outputs: new Map() })).toEqual([
      "signature f",
    ]);
  });
});

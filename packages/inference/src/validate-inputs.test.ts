import { isServingError, type ServingError } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import type { Signature } from "./signature.js";
import { type Tensors, tensor } from "./tensor.js";
import { signatureOf, validateInputs, validateOutputs } from "./validate-inputs.js";

const signature: Signature = {
  inputs: new Map([
    ["image", { dtype: "float32", shape: [-1, 2] }],
    ["names", { dtype: "string", shape: null, isOptional: true }],
  ]),
  outputs: new Map([["probabilities", { dtype: "float32", shape: [-1, 10] }]]),
};

const image = tensor("float32", [1, 2], [0, 1]);

function errorOf(run: () => void): Pick<ServingError, "code" | "reason" | "message"> {
  try {
    run();
  } catch (error) {
    if (isServingError(error)) {
      return { code: error.code, reason: error.reason, message: error.message };
    }
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("validateInputs", () => {
  it("leaves shapes to the model, unless the signature checks them", () => {
    for (const shape of [[2], [1, 2, 1], [2, 1], []]) {
      const given = { image: tensor("float32", shape, shape.length === 0 ? [1] : [0, 1]) };
      validateInputs(signature, given);
      expect(
        errorOf(() => validateInputs({ ...signature, checksShapes: true }, given)).reason,
      ).toBe("TENSOR_SHAPE_MISMATCH");
    }
  });

  it("accepts inputs that fit, with and without the optional ones", () => {
    validateInputs(signature, { image });
    validateInputs(signature, { image, names: tensor("string", [2, 1], ["a", "b"]) });
  });

  it.each<[string, Tensors, string, string]>([
    ["a missing input", {}, "INPUT_MISSING", 'input "image" is missing; got none'],
    [
      "an extra input",
      { image, extra: image },
      "INPUT_UNEXPECTED",
      'input "extra" is not in the signature; expected "image", "names"',
    ],
    [
      "another dtype",
      { image: tensor("float64", [1, 2], [0, 1]) },
      "TENSOR_DTYPE_MISMATCH",
      'tensor "image" must be float32; got float64',
    ],
    [
      "another extent",
      { image: tensor("float32", [1, 3], [0, 1, 2]) },
      "TENSOR_SHAPE_MISMATCH",
      'tensor "image" must have shape [-1,2] (-1 is any); got [1,3]',
    ],
    [
      "another rank",
      { image: tensor("float32", [2], [0, 1]) },
      "TENSOR_SHAPE_MISMATCH",
      'tensor "image" must have shape [-1,2] (-1 is any); got [2]',
    ],
    [
      "too few elements",
      { image: { dtype: "float32", shape: [2, 2], data: new Float32Array(3) } },
      "TENSOR_INVALID",
      'tensor "image" of shape [2,2] and dtype float32 must have 4 entries; got 3',
    ],
    [
      "a typed array of another dtype",
      { image: { dtype: "float32", shape: [1, 2], data: new Int32Array(2) as never } },
      "TENSOR_INVALID",
      'tensor "image" of dtype float32 must have a Float32Array as data',
    ],
    [
      "a negative dimension",
      { image: { dtype: "float32", shape: [-1, 2], data: new Float32Array(0) } },
      "TENSOR_INVALID",
      'tensor "image" has no valid shape: a dimension must be an integer >= 0; got shape [-1,2]',
    ],
    [
      "more dimensions than TensorFlow survives",
      { image: { dtype: "float32", shape: Array(255).fill(1), data: new Float32Array(1) } },
      "TENSOR_INVALID",
      'tensor "image" has no valid shape: a shape must have at most 254 dimensions; got 255',
    ],
    [
      "dimensions that overflow before one that is 0",
      { image: { dtype: "float32", shape: [2 ** 40, 2 ** 40, 0], data: new Float32Array(0) } },
      "TENSOR_INVALID",
      `tensor "image" has no valid shape: the dimensions of a shape must multiply to less than 2^53; got [${2 ** 40},${2 ** 40},0]`,
    ],
    [
      "texts that are not bytes",
      { image, names: { dtype: "string", shape: [1], data: ["a"] as never } },
      "TENSOR_INVALID",
      'tensor "names" of dtype string must have an array of Uint8Array as data',
    ],
    [
      "something that is not a tensor",
      { image: [[0, 1]] as never },
      "TENSOR_INVALID",
      'tensor "image" must be a tensor: { dtype, shape, data }',
    ],
  ])("rejects %s, naming it", (_, inputs, reason, message) => {
    const checksShapes = reason === "TENSOR_SHAPE_MISMATCH";
    expect(errorOf(() => validateInputs({ ...signature, checksShapes }, inputs))).toEqual({
      code: "INVALID_ARGUMENT",
      reason,
      message,
    });
  });

  it("finds no input in a prototype", () => {
    const signature: Signature = {
      inputs: new Map([["toString", { dtype: "float32", shape: null }]]),
      outputs: new Map(),
    };
    expect(errorOf(() => validateInputs(signature, {})).reason).toBe("INPUT_MISSING");
    const hostile = JSON.parse('{"__proto__": 1}');
    expect(errorOf(() => validateInputs(signature, hostile)).reason).toBe("INPUT_MISSING");
  });
});

describe("validateOutputs", () => {
  it("returns all names if none or an empty list is requested", () => {
    expect(validateOutputs(signature, undefined)).toEqual(["probabilities"]);
    expect(validateOutputs(signature, [])).toEqual(["probabilities"]);
    expect(validateOutputs(signature, ["probabilities"])).toEqual(["probabilities"]);
  });

  it("rejects an unknown output, naming the known ones", () => {
    expect(errorOf(() => validateOutputs(signature, ["logits"]))).toEqual({
      code: "INVALID_ARGUMENT",
      reason: "OUTPUT_NOT_FOUND",
      message: 'output "logits" is not in the signature; expected one of "probabilities"',
    });
  });
});

describe("signatureOf", () => {
  it("defaults to serving_default", () => {
    const signatures = new Map([["serving_default", signature]]);
    expect(signatureOf({ signatures })).toBe(signature);
  });

  it("rejects an unknown name, naming the known ones", () => {
    const signatures = new Map([["a", signature]]);
    expect(errorOf(() => signatureOf({ signatures }, "b"))).toEqual({
      code: "INVALID_ARGUMENT",
      reason: "SIGNATURE_NOT_FOUND",
      message: 'signature "b" was not found; the model has "a"',
    });
  });
});

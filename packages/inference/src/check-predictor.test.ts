import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { checkPredictor } from "./check-predictor.js";

type Members = Record<string, unknown>;

const spec = { dtype: "float32", shape: [-1, 4] };
const signature = (input: unknown = spec, members: Members = {}) => ({
  inputs: new Map([["x", input]]),
  outputs: new Map([["y", spec]]),
  ...members,
});
const predictor = (one: unknown = signature(), members: Members = {}) => ({
  signatures: new Map([["serving_default", one]]),
  batchable: true,
  predict: async () => ({}),
  ...members,
});

const part = { dataType: 1, shape: [-1], nativeName: "r:0" };
const sparse = {
  ...{ problem: "is sparse", dataType: 1, shape: null },
  cooSparse: { values: "v:0", indices: "i:0", denseShape: "d:0" },
};
const composite = {
  ...{ typeSpecClass: "RAGGED_TENSOR_SPEC", typeSpecClassName: "RaggedTensorSpec" },
  components: [part],
};
const ragged = { problem: "is ragged", dataType: 0, shape: [], composite };
const opaque = (tensor: unknown) =>
  predictor(signature(spec, { opaqueOutputs: new Map([["o", tensor]]) }));

describe("checkPredictor", () => {
  it.each([
    predictor(),
    predictor(signature({ dtype: "string", shape: null, nativeName: "x:0", isOptional: true })),
    predictor(
      signature({ dtype: "qint8", shape: [], quantization: { scale: [0.5], zeroPoint: [0] } }),
    ),
    predictor(signature(spec, { methodName: "tensorflow/serving/predict", checksShapes: true })),
    predictor(signature(spec, { opaqueOutputs: new Map(Object.entries({ sparse, ragged })) })),
    predictor(signature(spec, { aliases: [signature()] })),
    predictor(signature(spec, { outputs: runInNewContext("new Map()") })),
    predictor(undefined, { signatures: new Map(), allocate: () => undefined, share() {} }),
    Object.create(predictor()),
  ])("accepts a predictor (%#)", (value) => {
    expect(() => checkPredictor("load", value)).not.toThrow();
  });

  const input = 'signature "serving_default": input "x"';
  it.each<[unknown, string]>([
    [undefined, "expected a Predictor; got undefined"],
    ["model", 'expected a Predictor; got "model"'],
    [
      predictor(undefined, { signatures: {} }),
      "signatures: expected signatures by name, in an object or a Map",
    ],
    [
      predictor(undefined, { signatures: [["serving_default", signature()]] }),
      "signatures: expected signatures by name, in an object or a Map",
    ],
    [
      predictor(undefined, { signatures: new Map([[1, signature()]]) }),
      "signatures: expected strings as names; got 1",
    ],
    [
      predictor(undefined, { batchable: undefined }),
      "batchable: expected true or false; got undefined",
    ],
    [predictor(undefined, { predict: {} }), "predict: expected a function; got a plain object"],
    [
      predictor(undefined, { allocate: true }),
      "allocate: expected a function or undefined; got true",
    ],
    [predictor(undefined, { [Symbol.asyncDispose]: 1 }), "expected a function or undefined; got 1"],
    [
      predictor(null),
      'signature "serving_default": expected an object with inputs and outputs; got null',
    ],
    [
      predictor({ inputs: { x: spec }, outputs: new Map() }),
      'signature "serving_default": inputs: expected tensor specs by name',
    ],
    [
      predictor({ inputs: new Map() }),
      'signature "serving_default": outputs: expected tensor specs by name, in an object or a Map; got undefined',
    ],
    [
      predictor(signature(spec, { outputs: new Map([["y", [1]]]) })),
      'output "y": dtype: expected the name of a dtype',
    ],
    [
      predictor(signature(spec, { methodName: 1 })),
      "methodName: expected a string or undefined; got 1",
    ],
    [
      predictor(signature(spec, { checksShapes: "yes" })),
      'checksShapes: expected true, false or undefined; got "yes"',
    ],
    [
      predictor(signature(undefined, { inputs: new Map([[Symbol("x"), spec]]) })),
      "inputs: expected strings as names",
    ],
    [
      predictor(signature("float32")),
      `${input}: expected an object with dtype and shape; got "float32"`,
    ],
    [
      predictor(signature({ ...spec, dtype: "float" })),
      `${input}: dtype: expected the name of a dtype, such as float32; got "float"`,
    ],
    [predictor(signature({ ...spec, dtype: "toString" })), `${input}: dtype`],
    [predictor(signature({ ...spec, dtype: ["float32"] })), `${input}: dtype`],
    [predictor(signature({ ...spec, dtype: undefined })), `${input}: dtype`],
    [
      predictor(signature({ ...spec, shape: [null, 4] })),
      `${input}: shape: expected an array of integers >= -1 (-1 is any extent), or null (any rank); got [null,4]`,
    ],
    [predictor(signature({ ...spec, shape: [-2] })), `${input}: shape`],
    [predictor(signature({ ...spec, shape: [1.5] })), `${input}: shape`],
    [predictor(signature({ ...spec, shape: [4n] })), `${input}: shape`],
    [predictor(signature({ ...spec, shape: "4" })), `${input}: shape`],
    [predictor(signature({ ...spec, shape: undefined })), `${input}: shape`],
    [
      predictor(signature(spec, { opaqueInputs: { o: sparse } })),
      'signature "serving_default": opaqueInputs: expected opaque tensors by name',
    ],
    [
      predictor(signature(spec, { aliases: new Map() })),
      "aliases: expected an array of signatures",
    ],
    [predictor(signature(spec, { aliases: [{}] })), "alias: inputs: expected tensor specs by name"],
    [opaque(null), 'opaque output "o": expected an object with problem, dataType and shape'],
    [opaque({ ...sparse, problem: undefined }), 'opaque output "o": problem: expected a string'],
    [opaque({ ...sparse, dataType: "DT_FLOAT" }), 'opaque output "o": dataType'],
    [opaque({ ...sparse, shape: undefined }), 'opaque output "o": shape'],
    [opaque({ ...sparse, nativeName: 1 }), 'opaque output "o": nativeName'],
    [opaque({ ...sparse, cooSparse: { values: "v:0" } }), 'opaque output "o": cooSparse'],
    [opaque({ ...ragged, composite: "ragged" }), 'opaque output "o": composite'],
    [
      opaque({ ...ragged, composite: { ...composite, components: [{ ...part, shape: [null] }] } }),
      'opaque output "o": component: shape',
    ],
    [predictor(signature({ ...spec, nativeName: 0 })), `${input}: nativeName`],
    [predictor(signature({ ...spec, isOptional: 1 })), `${input}: isOptional`],
    [predictor(signature({ ...spec, quantization: null })), `${input}: quantization`],
    [
      predictor(signature({ ...spec, quantization: { scale: 1, zeroPoint: [0] } })),
      `${input}: quantization`,
    ],
  ])("refuses %#: %o", (value, problem) => {
    expect(() => checkPredictor("load", value)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason: "PREDICTOR_UNFIT",
        message: expect.stringMatching(/^load: /),
      }),
    );
    expect(() => checkPredictor("load", value)).toThrow(problem);
  });
});

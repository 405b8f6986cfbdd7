import {
  inferenceErrors,
  type Predictor,
  type Signature,
  signatureOf,
  type Tensor,
  type Tensors,
  tensor,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import type { PredictorExample } from "../src/index.js";

const shout: Signature = {
  inputs: new Map([
    ["text", { dtype: "string", shape: [-1] }],
    ["times", { dtype: "int64", shape: [-1], isOptional: true }],
  ]),
  outputs: new Map([
    ["loud", { dtype: "string", shape: [-1] }],
    ["bytes", { dtype: "uint64", shape: [-1] }],
  ]),
};
const turned: Signature = {
  inputs: new Map([["z", { dtype: "complex64", shape: null }]]),
  outputs: new Map([
    ["real", { dtype: "float32", shape: null }],
    ["isZero", { dtype: "bool", shape: null }],
  ]),
};

/** A predictor of two signatures, with dtypes and shapes that FakePredictor does not have. */
export function widePredictor(): Predictor {
  const signatures = new Map([
    ["shout", shout],
    ["turned", turned],
  ]);
  let isDisposed = false;
  return {
    signatures,
    batchable: false,
    async predict(inputs, { signature: name, outputs, ...limits } = {}) {
      if (isDisposed) throw inferenceErrors.predictorClosed();
      throwIfEnded(limits);
      const signature = signatureOf({ signatures }, name);
      validateInputs(signature, inputs);
      const wanted = validateOutputs(signature, outputs);
      const all = signature === shout ? shouted(inputs) : partsOf(inputs);
      return Object.fromEntries(wanted.map((name) => [name, all[name]])) as Tensors;
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
    },
  };
}

function shouted(inputs: Tensors): Tensors {
  const { shape, data } = inputs.text as Tensor<"string">;
  const times = inputs.times as Tensor<"int64"> | undefined;
  const loud = data.map((bytes, i) =>
    Buffer.from(
      Buffer.from(bytes)
        .toString()
        .toUpperCase()
        .repeat(Number(times?.data[i] ?? 1n)),
    ),
  );
  return {
    loud: tensor("string", shape, loud),
    bytes: tensor(
      "uint64",
      shape,
      loud.map(({ length }) => length),
    ),
  };
}

function partsOf(inputs: Tensors): Tensors {
  const { shape, data } = inputs.z as Tensor<"complex64">;
  const real = data.filter((_, i) => i % 2 === 0);
  const isZero = Array.from(real, (x, i) => x === 0 && data[2 * i + 1] === 0);
  return { real: tensor("float32", shape, real), isZero: tensor("bool", shape, isZero) };
}

/** Examples of both signatures: with and without an optional input, with NaN, a scalar and no element. */
export const wideExamples: readonly PredictorExample[] = [
  {
    signature: "shout",
    inputs: { text: tensor("string", [2], ["é", ""]), times: tensor("int64", [2], [2, 5]) },
    outputs: { loud: tensor("string", [2], ["ÉÉ", ""]), bytes: tensor("uint64", [2], [4, 0]) },
  },
  {
    signature: "shout",
    inputs: { text: tensor("string", [1], ["a"]) },
    outputs: { loud: tensor("string", [1], ["A"]) },
  },
  {
    signature: "turned",
    inputs: { z: tensor("complex64", [2, 1], [Number.NaN, 1, 0, 0]) },
    outputs: {
      real: tensor("float32", [2, 1], [Number.NaN, 0]),
      isZero: tensor("bool", [2, 1], [false, true]),
    },
  },
  {
    signature: "turned",
    inputs: { z: tensor("complex64", [], [3, 4]) },
    outputs: { real: tensor("float32", [], [3]) },
  },
];

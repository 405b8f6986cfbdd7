import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { servableId } from "@serving-kit/core";
import { type DType, type Tensor, type Tensors, tensor } from "@serving-kit/inference";
import type { PredictorExample } from "@serving-kit/testing";
import { openTensorFlow } from "../src/native/library.js";
import type { TensorFlowOptions } from "../src/options.js";
import type { SavedModelPredictor } from "../src/saved-model-predictor.js";
import { tensorflow } from "../src/tensorflow.js";

const models = fileURLToPath(new URL("../../../examples/models", import.meta.url));

/** The folder of a version of a model of the zoo. */
export const zooPath = (name: string) => `${models}/zoo/${name}/1`;

/** The digits SavedModel. */
export const digitsPath = `${models}/digits/savedmodel/1`;

/** Why the tests that need TensorFlow are skipped; empty when it is there. */
export const skipReason = await openTensorFlow().then(
  () => "",
  (error: Error) => ` [skipped: ${error.message.split("\n")[0]}]`,
);

/** Loads a version as a manager would. */
export function load(path: string, options: TensorFlowOptions = {}): Promise<SavedModelPredictor> {
  const id = servableId("zoo", 1);
  const { signal } = new AbortController();
  const loading = tensorflow(options).loader({ path }, id).load({ id, signal });
  return loading as Promise<SavedModelPredictor>;
}

interface JsonTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

interface JsonCall {
  readonly signature: string;
  readonly inputs: Record<string, JsonTensor>;
  readonly outputs: Record<string, JsonTensor>;
}

function fromJson({ dtype, shape, data }: JsonTensor): Tensor {
  if (dtype === "string") {
    return tensor(
      dtype,
      shape,
      data.map((text) => new Uint8Array(Buffer.from(text as string, "base64"))),
    );
  }
  if (dtype === "int64" || dtype === "uint64") return tensor(dtype, shape, data.map(BigInt));
  // The file has the bits of half-precision numbers.
  if (dtype === "float16" || dtype === "bfloat16") {
    return tensor(dtype, shape, Uint16Array.from(data.map(Number)));
  }
  return tensor(dtype, shape, data.map(Number) as never);
}

const tensors = (all: Record<string, JsonTensor>): Tensors =>
  Object.fromEntries(Object.entries(all).map(([name, json]) => [name, fromJson(json)]));

const answers = JSON.parse(readFileSync(`${models}/zoo/answers.json`, "utf8")) as Record<
  string,
  JsonCall[]
>;

/** Python's results, by model. */
export const zoo: ReadonlyMap<string, readonly PredictorExample[]> = new Map(
  Object.entries(answers).map(([name, calls]) => [
    name,
    calls.map(({ signature, inputs, outputs }) => ({
      signature,
      inputs: tensors(inputs),
      outputs: tensors(outputs),
    })),
  ]),
);

/** Ten images of digits, with what Python answered. */
export const digits: readonly PredictorExample[] = (
  JSON.parse(readFileSync(`${models}/digits/samples.json`, "utf8")) as {
    image: number[];
    probabilities: number[];
  }[]
)
  .slice(0, 10)
  .map(({ image, probabilities }) => ({
    inputs: { image: tensor("float32", [1, 64], image) },
    outputs: { probabilities: tensor("float32", [1, 10], probabilities) },
  }));

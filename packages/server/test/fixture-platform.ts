import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ServingError } from "@serving-kit/core";
import {
  type DType,
  definePlatform,
  type Predictor,
  type Signature,
  signatureOf,
  type Tensor,
  type TensorSpec,
  type Tensors,
  tensor,
  validateInputs,
} from "@serving-kit/inference";

/** The content of a version's `model.json`. */
export interface FixtureModel {
  /** The summand of `y = x / 2 + b`. Default 2. */
  readonly b?: number;
  /** The number of warm-up records, and the message of the error that the warm-up fails with. Default no warm-up. */
  readonly warmUp?: { readonly records: number; readonly failure?: string };
  /** The message that loading fails with. */
  readonly failure?: string;
  /** For how long a prediction hangs unless it is aborted. Default false. */
  readonly hangs?: boolean;
  /** True if a prediction waits until a test opens the `gate`. Default: it does not. */
  readonly waits?: boolean;
}

const spec = (dtype: DType, ...shape: number[]): TensorSpec => ({ dtype, shape });
const signature = (
  inputs: Record<string, TensorSpec>,
  outputs: Record<string, TensorSpec>,
  methodName?: string,
): Signature => ({
  inputs: new Map(Object.entries(inputs)),
  outputs: new Map(Object.entries(outputs)),
  ...(methodName && { methodName }),
});

const ECHOED: DType[] = ["float32", "float64", "int8", "uint8", "int32", "int64", "uint64", "bool"];
const vector = spec("float32", -1);
const text = spec("string", -1);

const signatures = new Map<string, Signature>([
  ["serving_default", signature({ x: vector }, { y: vector }, "tensorflow/serving/predict")],
  [
    "two",
    signature(
      { a: spec("float32", -1, 2), b: spec("int32", -1) },
      { sum: vector, b: spec("int32", -1) },
    ),
  ],
  ["strings", signature({ s: text }, { s_bytes: text, s: text })],
  ["half", signature({ x: spec("float16", -1) }, { y: spec("float16", -1) })],
  ["to_half", signature({ x: vector }, { y: spec("float16", -1) })],
  ["scalar", signature({ x: vector }, { total: spec("float32") })],
  ["uneven", signature({ x: vector }, { a: vector, b: vector })],
  [
    "classify",
    signature({ inputs: text }, { classes: spec("string", -1, 2), scores: spec("float32", -1, 2) }),
  ],
  ["labels", signature({ inputs: text }, { classes: spec("int64", -1, 1) })],
  ["regress", signature({ inputs: text }, { outputs: spec("float32", -1, 1) })],
  ["crash", signature({ x: vector }, { y: vector })],
  ...ECHOED.map((dtype): [string, Signature] => [
    dtype,
    signature({ x: spec(dtype, -1) }, { x: spec(dtype, -1) }),
  ]),
]);

function compute(name: string, b: number, inputs: Tensors): Tensors {
  const x = (inputs.x ?? inputs.s ?? inputs.inputs) as Tensor;
  const rows = x?.shape[0] ?? 0;
  switch (name) {
    case "serving_default":
      return {
        y: tensor(
          "float32",
          x.shape,
          Array.from(x.data as Float32Array, (v) => v / 2 + b),
        ),
      };
    case "two": {
      const a = inputs.a as Tensor<"float32">;
      const sums = Array.from(
        { length: a.shape[0] ?? 0 },
        (_, i) => (a.data[2 * i] ?? 0) + (a.data[2 * i + 1] ?? 0),
      );
      return { sum: tensor("float32", [sums.length], sums), b: inputs.b as Tensor };
    }
    case "strings":
      return { s_bytes: x, s: x };
    case "to_half":
      return { y: tensor("float16", x.shape, new Uint16Array(rows)) };
    case "scalar":
      return {
        total: tensor("float32", [], [(x.data as Float32Array).reduce((sum, v) => sum + v, 0)]),
      };
    case "uneven":
      return { a: x, b: tensor("float32", [rows + 1], new Float32Array(rows + 1)) };
    case "classify": {
      const labels = Array.from({ length: rows * 2 }, (_, i) => (i % 2 === 0 ? "no" : "yes"));
      const scores = Array.from(x.data as readonly Uint8Array[], ({ length }) => [
        0.25,
        length,
      ]).flat();
      return {
        classes: tensor("string", [rows, 2], labels),
        scores: tensor("float32", [rows, 2], scores),
      };
    }
    case "labels":
      return { classes: tensor("int64", [rows, 1], new BigInt64Array(rows)) };
    case "regress":
      return {
        outputs: tensor(
          "float32",
          [rows, 1],
          Array.from(x.data as readonly Uint8Array[], ({ length }) => length),
        ),
      };
    case "crash":
      throw new Error("the fixture crashed");
    default:
      return { x };
  }
}

/** The number of predictions that hang, and how many of them were aborted by their signal. */
export const hanging = { begun: 0, aborted: 0, deadlineAtMs: 0 };

/** Holds the predictions of a model that `waits` until a test releases all of them. */
export const gate = {
  waiting: new Set<() => void>(),
  open(): void {
    for (const pass of gate.waiting) pass();
    gate.waiting.clear();
  },
};

function predictorOf({ b = 2, hangs = false, waits = false }: FixtureModel): Predictor {
  return {
    signatures,
    batchable: true,
    async predict(
      inputs,
      { signature: name = "serving_default", outputs, signal, deadlineAtMs = 0 } = {},
    ) {
      validateInputs(signatureOf({ signatures }, name), inputs);
      if (hangs) {
        hanging.begun++;
        hanging.deadlineAtMs = deadlineAtMs;
        await new Promise((_, reject) => {
          signal?.addEventListener("abort", () => {
            hanging.aborted++;
            reject(signal.reason);
          });
        });
      }
      if (waits) await new Promise<void>((pass) => gate.waiting.add(pass));
      const all = compute(name, b, inputs);
      if (!outputs?.length) return all;
      return Object.fromEntries(outputs.map((name) => [name, all[name] as Tensor]));
    },
  };
}

/** A platform whose models are one small JSON file: `y = x / 2 + b`, and signatures of every dtype. */
export const fixturePlatform = definePlatform({
  name: "fixture",
  // So that outputs which fit nothing reach the protocols.
  keepsContract: true,
  accepts: (path) =>
    access(join(path, "model.json")).then(
      () => true,
      () => false,
    ),
  async load({ path, warmingUp }) {
    const model = JSON.parse(await readFile(join(path, "model.json"), "utf8")) as FixtureModel;
    if (model.failure) throw new Error(model.failure);
    if (model.warmUp) {
      const { records, failure } = model.warmUp;
      const error = failure && new ServingError("DATA_LOSS", "WARM_UP_INVALID", failure);
      warmingUp?.()({ records, ...(error && { error }) });
      if (error) throw error;
    }
    return predictorOf(model);
  },
});

import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Model, type Platform, type Predictor, spec, tensor } from "@serving-kit/inference";
import { libraryReport } from "@serving-kit/servable-tensorflow";
import { type PredictorConformanceOptions, predictorConformance } from "@serving-kit/testing";
import { afterAll, describe, it } from "vitest";
import {
  expectedCalls,
  hasLibrary as hasOnnxRuntime,
  modelFile,
  skipped as skippedOnnx,
} from "../../servable-onnx/test/support.js";
import { INTERPRETER, MODULES, noNumpy } from "../../servable-python/test/support.js";
import { createModelServer, defineModel, loadModel, python } from "../src/index.js";

const runner = { describe, it };
const example = (path: string) =>
  fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url));

/** A model as its users see it, with the interface that the suite tests. */
function predictorOf(model: Model, close = () => model.close()): Predictor & AsyncDisposable {
  const named = <T>(plain: { readonly [name: string]: T }) => new Map(Object.entries(plain));
  const signatures = Object.entries(model.signatures).map(
    ([name, { inputs, outputs }]) =>
      [name, { inputs: named(inputs), outputs: named(outputs) }] as const,
  );
  return {
    signatures: new Map(signatures),
    batchable: true,
    async predict(inputs, { deadlineAtMs, ...options } = {}) {
      const timeoutMs = deadlineAtMs === undefined ? undefined : deadlineAtMs - performance.now();
      return (await model.predict(inputs, { ...options, timeoutMs })) as never;
    },
    [Symbol.asyncDispose]: close,
  };
}

type Examples = PredictorConformanceOptions["examples"];

/** Registers the suite for a model through `loadModel` and through `models.predict`. */
function conformanceOf(
  name: string,
  basePath: string,
  examples: Examples,
  options: { readonly platform?: Platform; readonly batching?: boolean } = {},
  suite: Partial<PredictorConformanceOptions> = {},
) {
  const takesMore = { clauses: ["S6"], reason: "it takes more values than tensors" };
  predictorConformance(runner, {
    ...suite,
    name: `${name}: loadModel`,
    create: async () => predictorOf(await loadModel(basePath, options)),
    examples,
    skip: [takesMore],
  });
  predictorConformance(runner, {
    ...suite,
    name: `${name}: models.predict`,
    create: async () => {
      const models = await createModelServer({
        models: { one: { basePath, ...options } },
        settleMs: 0,
      });
      return predictorOf(models.model("one"), () => models.close());
    },
    examples,
    skip: [
      takesMore,
      { clauses: ["S10"], reason: "a closed server is UNAVAILABLE, not a closed predictor" },
    ],
  });
}

const samples = JSON.parse(readFileSync(example("models/digits/samples.json"), "utf8"));
const digits: Examples = samples
  .slice(0, 3)
  .map(({ image, probabilities }: { image: number[]; probabilities: number[] }) => ({
    inputs: { image: tensor("float32", [1, 64], image) },
    outputs: { probabilities: tensor("float32", [1, 10], probabilities) },
  }));
/** By the index of the job. */
const person = (job: number, probability: number) => ({
  inputs: { input: tensor("float32", [1, 3], [61, 45, job]) },
  outputs: { predict: tensor("float32", [1], [probability]) },
});
/** Of 80 square metres; what Python's lightgbm predicts. */
const flat = (city: string, price: number) => ({
  signature: "columns",
  inputs: { area: tensor("float64", [1], [80]), city: tensor("string", [1], [city]) },
  outputs: { predict: tensor("float64", [1], [price]) },
});
const rows = (x: number, y: number) => ({
  inputs: { x: tensor("float32", [1], [x]) },
  outputs: { y: tensor("float32", [1], [y]) },
});
const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  batchable: true,
  accepts: () => true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
const { opened, problem } = await libraryReport();
/** The text of a module in Python, as version 1 of a model. */
const pythonModels = mkdtempSync(join(tmpdir(), "serving-kit-python-"));
cpSync(join(MODULES, "tensors.py"), join(pythonModels, "1", "model.py"));
afterAll(() => rmSync(pythonModels, { recursive: true, force: true }));
const sums = (...row: number[]) => ({
  inputs: { x: tensor("float32", [1, 3], row) },
  outputs: {
    sum: tensor("float32", [1], [row.reduce((sum, value) => sum + value, 0)]),
    double: tensor(
      "float32",
      [1, 3],
      row.map((value) => 2 * value),
    ),
  },
});
/** The title of a platform's suites, with the reason if they are skipped. */
const titleOf = (name: string, reason: string | undefined) =>
  reason === undefined ? name : `${name} (skipped: ${reason.split("\n")[0]})`;

describe("models of each platform, as their users call them", () => {
  conformanceOf("tflite", example("models/digits"), digits);
  conformanceOf("tflite, batched", example("models/digits"), digits, { batching: true });
  conformanceOf("xgboost", example("xgboost-tabular/income"), [
    person(0, 0.9149161577),
    person(2, 0.946329236),
  ]);
  conformanceOf("lightgbm", example("lightgbm/prices"), [
    flat("Bern", 710.98560496),
    flat("Graz", 420.33070921),
  ]);
  conformanceOf("a defined model", example("models/digits"), [rows(1, 2), rows(3, 6)], {
    platform: double,
  });

  describe.skipIf(!opened)(titleOf("TensorFlow", problem), () => {
    conformanceOf("tensorflow", example("models/digits/savedmodel"), digits);
  });

  describe.skipIf(!hasOnnxRuntime)(`ONNX Runtime${skippedOnnx}`, () => {
    // Suites take batches apart.
    const calls = expectedCalls("dense").filter(({ inputs }) => inputs.x?.shape[0] !== 0);
    conformanceOf("onnx", modelFile("dense"), calls);
  });

  describe.skipIf(noNumpy)(titleOf("Python", noNumpy), () => {
    const platform = python({ interpreter: INTERPRETER });
    // Each test starts a process.
    const slow = { timeoutMs: 30_000, maxBlockMs: 1_000 };
    conformanceOf("python", pythonModels, [sums(1, 2, 3), sums(4, 5, 6)], { platform }, slow);
  });
});

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch } from "@serving-kit/batching";
import { type Predictor, tensor } from "@serving-kit/inference";
import {
  adapterConformance,
  loaderConformance,
  platformConformance,
  predictorConformance,
} from "@serving-kit/testing";
import { afterAll, describe, expect, it } from "vitest";
import { nativeCounts, type OnnxOptions, onnx } from "../src/index.js";
import {
  type ExpectedCall,
  expectedCalls,
  hasLibrary,
  id,
  loadNamed,
  modelFile,
  skipped,
} from "./support.js";

const runner = { describe, it };

/** Suites take batches apart. */
const hasRows = ({ inputs }: ExpectedCall) =>
  Object.values(inputs).every(({ shape }) => shape[0] !== 0);

describe.skipIf(!hasLibrary)(`conformance${skipped}`, () => {
  const kinds: readonly (readonly [string, OnnxOptions])[] = [
    ["dense", { execution: "auto" }],
    ["dense", { execution: "thread" }],
    ["dense", { execution: "inline" }],
    ["strings", {}],
    ["dtypes", {}],
    ["pass-through", {}],
    ["zip-map", {}],
    ["default", {}],
    ["external", {}],
    ["data-dependent", {}],
  ];
  for (const [name, options] of kinds) {
    predictorConformance(runner, {
      name: `${name} ${JSON.stringify(options)}`,
      create: () => loadNamed(name, { options }),
      examples: expectedCalls(name).filter(hasRows),
      allocated: () => nativeCounts().sessions,
    });
  }

  const x = tensor("float32", [2], new Float32Array([1, 2]));
  predictorConformance(runner, {
    name: "a loop",
    create: () => loadNamed("loop"),
    examples: expectedCalls("loop"),
    longRunning: { inputs: { rounds: tensor("int64", [], [200_000n]), x } },
    allocated: () => nativeCounts().sessions,
  });

  predictorConformance(runner, {
    name: "dense, batching",
    create: async () => batch(await loadNamed("dense")),
    examples: expectedCalls("dense"),
  });

  const folder = mkdtempSync(join(tmpdir(), "serving-kit-onnx-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const corrupt = join(folder, "corrupt.onnx");
  const loaderOf = (path: string) => onnx().loader({ path }, id);
  loaderConformance<Predictor>(runner, {
    name: "dense",
    create: () => loaderOf(modelFile("dense")),
    use: async (predictor) =>
      void (await predictor.predict(expectedCalls("dense")[0]?.inputs ?? {})),
    broken: [
      { create: () => loaderOf(join(folder, "missing")), path: join(folder, "missing") },
      {
        create: () => {
          writeFileSync(corrupt, "this is not a model");
          return loaderOf(corrupt);
        },
        path: corrupt,
        repair: () => copyFileSync(modelFile("dense"), corrupt),
      },
    ],
  });

  adapterConformance(runner, {
    name: "onnx",
    create: () => onnx(),
    data: { path: modelFile("dense") },
    skip: [{ reason: "making a loader cannot throw", clauses: ["A3"] }],
  });

  const [version, half, foreign] = ["whole", "half", "foreign"].map((kind) => {
    const each = join(folder, kind);
    mkdirSync(each);
    return each;
  }) as [string, string, string];
  copyFileSync(modelFile("dense"), join(version, "model.onnx"));
  writeFileSync(join(half, "model.onnx"), readFileSync(modelFile("dense")).subarray(0, 60));
  writeFileSync(join(foreign, "model.json"), '{"format":"layers-model"}');
  platformConformance(runner, {
    name: "onnx",
    create: () => onnx(),
    path: version,
    call: { inputs: expectedCalls("dense")[0]?.inputs ?? {} },
    incomplete: [half],
    foreign,
  });

  afterAll(() => {
    expect(nativeCounts()).toEqual({ sessions: 0, values: 0 });
  });
});

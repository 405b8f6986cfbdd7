import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch } from "@serving-kit/batching";
import type { Predictor, Tensor } from "@serving-kit/inference";
import {
  adapterConformance,
  loaderConformance,
  platformConformance,
  predictorConformance,
} from "@serving-kit/testing";
import { afterAll, describe, it } from "vitest";
import type { TreeOptions } from "../src/index.js";
import { lightgbm, xgboost } from "../src/index.js";
import { type Answer, answerRows, exampleNamed, id, load, platformOf, rowsOf } from "./support.js";

const runner = { describe, it };

/** Examples of one row and of two, of a model's default signature. */
function examplesOf(name: string) {
  const example = exampleNamed(name);
  const predict = example.answer("predict") as Answer;
  return [0, 1, 2, 3, 4].map((row) => ({
    inputs: rowsOf(example, 2 * row, 1 + (row % 2)),
    outputs: { predict: answerRows(predict, 2 * row, 1 + (row % 2)) },
  }));
}

const path = (name: string) => exampleNamed(name).files[0] as string;

/** So many rows that they are computed in slices. */
function manyRows(name: string, count: number) {
  const input = rowsOf(exampleNamed(name)).input as Tensor<"float32">;
  const features = input.shape[1] as number;
  const data = new Float32Array(count * features);
  for (let i = 0; i < data.length; i++) data[i] = input.data[i % input.data.length] as number;
  return { inputs: { input: { dtype: "float32" as const, shape: [count, features], data } } };
}

const kinds: readonly (readonly [string, TreeOptions])[] = [
  ["binary", {}],
  ["binary", { kernel: "javascript" }],
  ["softprob", {}],
  ["dart", {}],
  ["linear", {}],
  ["categories", {}],
  ["vector-leaf", {}],
  ["lgb-binary", {}],
  ["lgb-linear", {}],
];

for (const [name, options] of kinds) {
  predictorConformance(runner, {
    name: `${name} ${JSON.stringify(options)}`,
    create: () => load(path(name), exampleNamed(name).library, options),
    examples: examplesOf(name),
    longRunning: manyRows(name, 200_000),
  });
}

const contributions = exampleNamed("softprob").answer("contributions") as Answer;
predictorConformance(runner, {
  name: "contributions",
  create: () => load(path("softprob"), "xgboost"),
  examples: [0, 1, 2].map((row) => ({
    signature: "contributions",
    inputs: rowsOf(exampleNamed("softprob"), row, 1),
    outputs: { contributions: answerRows(contributions, row, 1) },
    tolerance: 1e-4,
  })),
});

predictorConformance(runner, {
  name: "binary, batching",
  create: async () => batch(await load(path("binary"), "xgboost")),
  examples: examplesOf("binary"),
});

const folder = mkdtempSync(join(tmpdir(), "serving-kit-trees-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const name of ["binary", "lgb-binary"]) {
  const { library } = exampleNamed(name);
  const corrupt = join(folder, `${name}.txt`);
  const loaderOf = (file: string) => platformOf(library).loader({ path: file }, id);
  loaderConformance<Predictor>(runner, {
    name,
    create: () => loaderOf(path(name)),
    use: async (predictor) => void (await predictor.predict(rowsOf(exampleNamed(name)))),
    broken: [
      { create: () => loaderOf(join(folder, "missing")), path: join(folder, "missing") },
      {
        create: () => {
          writeFileSync(corrupt, "this is not a model");
          return loaderOf(corrupt);
        },
        path: corrupt,
        repair: () => copyFileSync(path(name), corrupt),
      },
    ],
  });

  adapterConformance(runner, {
    name,
    create: () => platformOf(library),
    data: { path: path(name) },
    skip: [{ reason: "making a loader cannot throw", clauses: ["A3"] }],
  });

  const file = library === "xgboost" ? "model.ubj" : "model.txt";
  const [version, half, foreign] = ["whole", "half", "foreign"].map((kind) => {
    const each = join(folder, `${name}-${kind}`);
    mkdirSync(each);
    return each;
  }) as [string, string, string];
  copyFileSync(path(name), join(version, file));
  writeFileSync(join(half, file), readFileSync(path(name)).subarray(0, 3000));
  writeFileSync(join(foreign, "model.json"), '{"format":"layers-model","modelTopology":{}}');
  platformConformance(runner, {
    name,
    create: () => (library === "xgboost" ? xgboost() : lightgbm()),
    path: version,
    call: { inputs: rowsOf(exampleNamed(name)) },
    incomplete: [half],
    foreign,
  });
}

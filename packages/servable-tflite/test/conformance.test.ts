import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Predictor, tensor } from "@serving-kit/inference";
import { loaderConformance, predictorConformance } from "@serving-kit/testing";
import { afterAll, describe, it } from "vitest";
import type { TfliteOptions } from "../src/index.js";
import {
  allocated,
  digits,
  floats,
  images,
  load,
  loaderOf,
  samples,
  testModel,
} from "./support.js";

const runner = { describe, it };

const floatExamples = samples.slice(0, 12).map(({ image, probabilities }) => ({
  inputs: images(image),
  outputs: { probabilities: tensor("float32", [1, 10], probabilities) },
}));

for (const execution of ["auto", "thread", "inline"] as const) {
  predictorConformance(runner, {
    name: `digits, execution ${execution}`,
    create: () => load(digits("1"), { execution }),
    examples: floatExamples,
    allocated,
  });
}

const quantizedExamples = samples.slice(0, 12).map(({ imageInt8, probabilitiesInt8 }) => ({
  inputs: { image: tensor("int8", [1, 64], imageInt8) },
  outputs: { probabilities: tensor("int8", [1, 10], probabilitiesInt8) },
}));

predictorConformance(runner, {
  name: "quantized digits",
  create: () => load(digits("quantized/1")),
  examples: quantizedExamples,
  allocated,
});

predictorConformance(runner, {
  name: "quantized digits, float at the border",
  create: () => load(digits("quantized/1"), { dequantize: true, useXnnpack: false }),
  examples: samples.slice(0, 12).map(({ image, probabilitiesInt8 }) => ({
    inputs: images(image),
    outputs: {
      probabilities: tensor(
        "float32",
        [1, 10],
        probabilitiesInt8.map((q) => (q + 128) / 256),
      ),
    },
  })),
  allocated,
});

const spin = (...start: number[]) => ({ x: floats(...start), steps: tensor("int32", [], [1]) });
const spun = (...start: number[]) => ({ y: floats(...start.map((x) => Math.sin(x) + x)) });

predictorConformance(runner, {
  name: "a model that runs as long as it is told",
  create: () => load(testModel("spin")),
  examples: [
    { inputs: spin(0, 1, 2, 3, 4, 5, 6, 7), outputs: spun(0, 1, 2, 3, 4, 5, 6, 7) },
    { inputs: spin(7, 6, 5, 4, 3, 2, 1, 0), outputs: spun(7, 6, 5, 4, 3, 2, 1, 0) },
  ],
  longRunning: {
    inputs: { x: floats(0, 1, 2, 3, 4, 5, 6, 7), steps: tensor("int32", [], [600_000]) },
  },
  allocated,
});

for (const interpreters of [1, 3]) {
  predictorConformance(runner, {
    name: `a model with resource variables, ${interpreters} interpreters`,
    create: () => load(testModel("total"), { interpreters }),
    examples: [
      { inputs: { x: floats(1) }, outputs: { total: floats(11) } },
      { inputs: { x: floats(2, 3) }, outputs: { total: floats(15) } },
    ],
    allocated,
  });
}

const words = tensor("string", [4], ["yes", "no", "", "Zürich"]);

predictorConformance(runner, {
  name: "strings",
  create: () => load(testModel("strings")),
  examples: [
    {
      inputs: { words, indices: tensor("int32", [4], [3, 0, 0, 2]) },
      outputs: {
        picked: tensor("string", [4], ["Zürich", "yes", "yes", ""]),
        equal: tensor("bool", [4], [false, true, true, false]),
      },
    },
    {
      inputs: { words, indices: tensor("int32", [4], [1, 1, 1, 1]) },
      outputs: {
        picked: tensor("string", [4], ["no", "no", "no", "no"]),
        equal: tensor("bool", [4], [false, false, false, false]),
      },
    },
  ],
  skip: [
    {
      reason: "the model gathers: dimension 0 is dynamic, but its rows are not independent",
      clauses: ["S8"],
    },
  ],
  allocated,
});

const folder = mkdtempSync(join(tmpdir(), "serving-kit-loader-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const corrupt = join(folder, "corrupt.tflite");
const corruptLoader = (options: TfliteOptions) => {
  writeFileSync(corrupt, "this is not a model");
  return loaderOf(corrupt, options);
};

const options: TfliteOptions[] = [{}, { execution: "thread", interpreters: 1 }];
for (const each of options) {
  loaderConformance<Predictor>(runner, {
    name: `digits with ${JSON.stringify(each)}`,
    create: () => loaderOf(digits("1"), each),
    use: async (predictor) => void (await predictor.predict(images(samples[0]?.image ?? []))),
    broken: [
      { create: () => loaderOf(join(folder, "missing"), each), path: join(folder, "missing") },
      {
        create: () => corruptLoader(each),
        path: corrupt,
        repair: () => copyFileSync(digits("1/model.tflite"), corrupt),
      },
    ],
    allocated,
  });
}

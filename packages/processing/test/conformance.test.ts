import { batch } from "@serving-kit/batching";
import { servableId, systemClock } from "@serving-kit/core";
import {
  defineModel,
  mapPredictor,
  type Predictor,
  spec,
  stringsOf,
  tensor,
} from "@serving-kit/inference";
import { loaderConformance, predictorConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { image, type ProcessingConfig, processLoaded, topK } from "../src/index.js";
import { pictureFile } from "./support.js";

let held = 0;
/** The mean of each channel of 8 x 8 pixels: scores of the classes red, green and blue. */
const colours = defineModel({
  inputs: { pixels: spec.float32([-1, 8, 8, 3]) },
  outputs: { means: spec.float32([-1, 3]) },
  batchable: true,
  load: () => void held++,
  dispose: () => void held--,
  predict: ({ pixels }) => {
    const rows = pixels.shape[0];
    const means = new Float32Array(rows * 3);
    for (let i = 0; i < pixels.data.length; i++) {
      const row = Math.floor(i / 192);
      means[row * 3 + (i % 3)] =
        (means[row * 3 + (i % 3)] as number) + (pixels.data[i] as number) / 64;
    }
    return { means };
  },
});

const names = ["red", "green", "blue"];
const pixels = image({ size: 8, range: [0, 1] });
const best = topK(2, { labels: names });
const photos = mapPredictor(colours, {
  inputs: { image: spec.string([-1]) },
  outputs: { classes: spec.string([-1, 2]), scores: spec.float32([-1, 2]) },
  batchable: true,
  before: async ({ image }, call) => ({ pixels: await pixels(image, call) }),
  after: ({ means }) => ({ ...best(means) }),
});

const files = ["palette.png", "grey.jpg", "one-pixel.png", "lossless.webp"].map(pictureFile);
const id = servableId("colours", 1);
const { signal } = new AbortController();
const load = () => photos.loader().load({ id, signal });

const config: ProcessingConfig = {
  before: [{ image: { range: [0, 1] } }],
  after: [{ softmax: {} }, { topK: { k: 2 } }],
};
const configured = async () =>
  processLoaded(await colours.loader().load({ id, signal }), config, {
    ...{ where: "colours", path: "", clock: systemClock },
  });

/** The answers of one picture at a time, and of two. */
async function examplesOf(create: () => Promise<Predictor>) {
  const predictor = await create();
  const calls = [files.slice(0, 1), files.slice(1, 2), files.slice(2, 4)];
  const made = [];
  for (const call of calls) {
    const inputs = { image: tensor("string", [call.length], call) };
    made.push({ inputs, outputs: await predictor.predict(inputs) });
  }
  await predictor[Symbol.asyncDispose]?.();
  return made;
}

const examples = await examplesOf(load);
const numbered = await examplesOf(configured);

describe("conformance of a model behind image() and topK()", () => {
  const runner = { describe, it };
  const allocated = () => held;
  const longRunning = {
    inputs: { image: tensor("string", [200], new Array<Buffer>(200).fill(files[0] as Buffer)) },
  };
  predictorConformance(runner, {
    name: "image() in front of a model",
    create: load,
    ...{ examples, longRunning, allocated },
  });
  predictorConformance(runner, {
    name: "the same, batched",
    create: async () => batch(await load(), { maxBatchSize: 4 }),
    ...{ examples, allocated },
  });
  loaderConformance(runner, {
    name: "image() in front of a model",
    model: photos,
    call: { inputs: { image: [files[0] as Buffer] } },
    allocated,
  });
  predictorConformance(runner, {
    name: "the same steps in a configuration",
    create: configured,
    examples: numbered,
    allocated,
  });
});

it("the examples are of different colours", () => {
  const classes = examples.map(({ outputs }) => stringsOf(outputs.classes as never)[0]);
  expect(new Set(classes).size).toBeGreaterThan(1);
});

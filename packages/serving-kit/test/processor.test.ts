import { readFileSync } from "node:fs";
import { join } from "node:path";
import { servableId, systemClock } from "@serving-kit/core";
import { defineModel, type Predictor, spec, tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";
import { modelProcessorConformance } from "@serving-kit/testing/plugins";
import { describe, it } from "vitest";
import { processor } from "../src/processor.js";

const models = join(import.meta.dirname, "../../../examples/models");
const { signal } = new AbortController();
const id = servableId("m", 1);

/** Returns examples of the processed predictors that `load` makes: its answers of one call at a time. */
async function examplesOf(load: () => Promise<Predictor>, processing: object, calls: object[]) {
  const path = join(models, "mobilenet/1");
  const version = { id, path, clock: systemClock };
  const predictor = await processor.process(await load(), processing, version);
  const examples = [];
  for (const inputs of calls as Parameters<Predictor["predict"]>[0][]) {
    examples.push({ inputs, outputs: await predictor.predict(inputs) });
  }
  await predictor[Symbol.asyncDispose]?.();
  return examples;
}

let held = 0;
/** The mean of each channel of 8 x 8 pixels. */
const colours = defineModel({
  inputs: { pixels: spec.float32([-1, 8, 8, 3]) },
  outputs: { means: spec.float32([-1, 3]) },
  batchable: true,
  load: () => void held++,
  dispose: () => void held--,
  predict: ({ pixels: { data, shape } }) => {
    const means = new Float32Array(shape[0] * 3);
    for (const [i, value] of data.entries()) {
      const at = Math.floor(i / 192) * 3 + (i % 3);
      means[at] = (means[at] as number) + value / 64;
    }
    return { means };
  },
});
const loadColours = () => colours.loader().load({ id, signal });
const photos = ["chelsea", "coffee"].map((name) =>
  readFileSync(join(models, `mobilenet/photos/${name}.jpg`)),
);
const pictures = (...files: Buffer[]) => ({ image: tensor("string", [files.length], files) });
const [first, second] = photos as [Buffer, Buffer];

const means = {
  before: [{ image: { range: [0, 1] } }],
  after: [{ softmax: {} }, { topK: { k: 2 } }],
};
modelProcessorConformance(
  { describe, it },
  {
    name: "the steps of the umbrella, of a batchable model",
    create: () => processor,
    load: loadColours,
    processing: means,
    unfit: [
      { before: [{ tokenize: {} }] },
      { before: [{ image: { size: 9 } }] },
      { after: [{ topK: { k: 0 } }] },
      { signature: "none" },
    ],
    examples: await examplesOf(loadColours, means, [
      pictures(first),
      pictures(second, first),
      pictures(second),
    ]),
    isBatchable: true,
    allocated: () => held,
  },
);

const loadMobilenet = async () =>
  tflite()
    .loader({ path: join(models, "mobilenet/1") }, id)
    .load({ id, signal });
const classes = {
  before: [{ image: { preset: "mobilenet" } }],
  after: [{ softmax: {} }, { topK: { k: 3, labels: "labels.txt" } }],
};
const { batchable } = await loadMobilenet();
modelProcessorConformance(
  { describe, it },
  {
    name: "the steps of the umbrella, of MobileNet",
    create: () => processor,
    load: loadMobilenet,
    processing: classes,
    path: join(models, "mobilenet/1"),
    unfit: [
      { before: [{ image: { layout: "nchw" } }] },
      { after: [{ topK: { k: 3, labels: "no" } }] },
    ],
    examples: await examplesOf(loadMobilenet, classes, [pictures(first), pictures(second)]),
    isBatchable: batchable,
  },
);

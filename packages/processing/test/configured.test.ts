import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servableId, systemClock } from "@serving-kit/core";
import {
  defineModel,
  type Specs,
  spec,
  stringsOf,
  type Tensors,
  tensor,
} from "@serving-kit/inference";
import { afterAll, describe, expect, it } from "vitest";
import { image, type ProcessingConfig, processLoaded } from "../src/index.js";
import { pictureFile } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-configured-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "labels.txt"), "zero\none\ntwo\n");

const { signal } = new AbortController();

/** Loads a model that records its inputs and returns `answer`, with steps in front of it. */
async function processed(
  inputs: Specs,
  answer: Tensors,
  config: ProcessingConfig,
  scales: Readonly<Record<string, number>> = {},
) {
  const seen: Tensors[] = [];
  const quantizationOf = (name: string) =>
    name in scales && { quantization: { scale: [scales[name]], zeroPoint: [0] } };
  const outputs = Object.fromEntries(
    Object.entries(answer).map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape: [-1, ...shape.slice(1)], ...quantizationOf(name) },
    ]),
  ) as Specs;
  const model = defineModel({
    ...{ inputs, outputs, batchable: true },
    predict: (given) => {
      seen.push(given as Tensors);
      return answer as never;
    },
  });
  const predictor = await model.loader().load({ id: servableId("m", 1), signal });
  const context = { where: "m", path: folder, clock: systemClock };
  return { predictor: await processLoaded(predictor, config, context), seen };
}

const scores = { scores: tensor("float32", [1, 3], [0.1, 0.7, 0.2]) };
const picture = { image: tensor("string", [1], [pictureFile("palette.png")]) };

describe("processLoaded", () => {
  it("reads size, layout and dtype from the model, and files from the version's folder", async () => {
    const { predictor, seen } = await processed({ x: spec.uint8([-1, 3, 5, 7]) }, scores, {
      before: [{ image: {} }],
      after: [{ topK: { k: 2, labels: "labels.txt" } }],
    });
    const signature = predictor.signatures.get("serving_default");
    expect([...(signature?.inputs ?? [])]).toMatchObject([
      ["image", { dtype: "string", shape: [-1] }],
    ]);
    expect([...(signature?.outputs ?? [])]).toMatchObject([
      ["classes", { dtype: "string", shape: [-1, 2] }],
      ["scores", { dtype: "float32", shape: [-1, 2] }],
    ]);
    expect(predictor.batchable).toBe(true);
    const { classes } = await predictor.predict(picture);
    expect(stringsOf(classes as never)).toEqual(["one", "two"]);
    expect([seen[0]?.x?.dtype, seen[0]?.x?.shape]).toEqual(["uint8", [1, 3, 5, 7]]);
  });

  it("passes other inputs and outputs on", async () => {
    const inputs = { x: spec.float32([-1, 4, 4, 1]), threshold: spec.float32([-1]) };
    const answer = { ...scores, boxes: tensor("float32", [1, 4], [1, 2, 3, 4]) };
    const { predictor, seen } = await processed(inputs, answer, {
      before: [{ image: { input: "x", preset: "mobilenet", size: [4] } }],
      after: [{ sigmoid: { output: "scores" } }],
    });
    const given = { ...picture, threshold: tensor("float32", [1], [0.5]) };
    const outputs = await predictor.predict(given);
    expect(Object.keys(outputs).sort()).toEqual(["boxes", "scores"]);
    expect(outputs.boxes?.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(seen[0]?.threshold?.data).toEqual(Float32Array.of(0.5));
    expect(seen[0]?.x?.shape).toEqual([1, 4, 4, 1]);
  });

  it("quantizes scaled pixels as the model's input says", async () => {
    const quantization = { scale: [1 / 127], zeroPoint: [0] };
    const input = { ...spec.int8([-1, 2, 2, 3]), quantization };
    const { predictor, seen } = await processed({ x: input }, scores, {
      before: [{ image: { range: [-1, 1] } }],
    });
    await predictor.predict(picture);
    const data = seen[0]?.x?.data as Int8Array;
    expect(data).toBeInstanceOf(Int8Array);
    const { data: pixels } = await image({ size: 2, dtype: "uint8" })(pictureFile("palette.png"));
    const wanted = Array.from(pixels, (pixel) => Math.round((pixel / 127.5 - 1) * 127) || 0);
    expect(new Set(wanted).size).toBeGreaterThan(4);
    expect([...data]).toEqual(wanted);
  });

  it("tokenizes, with the model's names and length", async () => {
    const file = join(import.meta.dirname, "tokenizers/wordpiece.json");
    const inputs = { ids: spec.int32([-1, 6]), mask: spec.int32([-1, 6]) };
    const { predictor, seen } = await processed(inputs, scores, {
      before: [{ tokenize: { file, inputs: { input_ids: "ids", attention_mask: "mask" } } }],
    });
    await predictor.predict({ text: tensor("string", [1], ["the cat"]) });
    expect(seen[0]?.ids?.shape).toEqual([1, 6]);
    expect(seen[0]?.mask?.data.at(-1)).toBe(0);
    expect(predictor.batchable).toBe(true);
  });

  it("reads sound, also for a model without rows", async () => {
    const { predictor, seen } = await processed({ wave: spec.float32([-1, 4]) }, scores, {
      before: [{ audio: { rate: 8000, pcm: { rate: 8000 } } }],
    });
    await predictor.predict({ sound: tensor("string", [1], [Buffer.from([0, 64])]) });
    expect(seen[0]?.wave?.data).toEqual(Float32Array.of(0.5, 0, 0, 0));
    expect(predictor.batchable).toBe(true);
  });

  it("finds boxes in the pixels of the pictures", async () => {
    const answer = {
      corners: tensor("float32", [1, 2, 4], [0, 0, 0.5, 0.5, 0, 0, 1, 1]),
      scores: tensor("float32", [1, 2], [0.9, 0.1]),
      classes: tensor("float32", [1, 2], [2, 0]),
    };
    const { predictor } = await processed({ x: spec.float32([-1, 8, 8, 3]) }, answer, {
      before: [{ image: {} }],
      after: [
        {
          boxes: {
            ...{ boxes: "corners", scores: "scores", classes: "classes" },
            ...{ labels: "labels.txt", maxBoxes: 1 },
          },
        },
      ],
    });
    const { boxes, classes } = await predictor.predict(picture);
    expect(boxes?.data).toEqual(Float32Array.of(0, 0, 12, 8));
    expect(stringsOf(classes as never)).toEqual(["two"]);
  });

  it("finds boxes of quantized outputs", async () => {
    const answer = {
      corners: tensor("uint8", [1, 2, 4], [0, 0, 128, 128, 0, 64, 64, 128]),
      scores: tensor("uint8", [1, 2, 2], [10, 20, 0, 200]),
    };
    const boxes = { boxes: "corners", scores: "scores", maxBoxes: 1 };
    const config: ProcessingConfig = { before: [{ image: {} }], after: [{ boxes }] };
    const inputs = { x: spec.float32([-1, 8, 8, 3]) };
    const scales = { corners: 1 / 128, scores: 1 / 250 };
    const { predictor } = await processed(inputs, answer, config, scales);
    const found = await predictor.predict(picture);
    expect(found.boxes?.data).toEqual(Float32Array.of(12, 0, 24, 8));
    expect(found.scores?.data).toEqual(Float32Array.of(0.8));
    expect(stringsOf(found.classes as never)).toEqual(["1"]);
  });

  it.each<[ProcessingConfig, string]>([
    [
      { before: [{ image: { input: "y" } }] },
      "processing.before.image.input: name one of x; got y",
    ],
    [
      { before: [{ image: { size: 5 } }] },
      'it makes [-1,5,5,3]; the model\'s input "x" is [-1,8,8,3]',
    ],
    [{ before: [{ image: { preset: "vgg" as never } }] }, "expected one of mobilenet, resnet"],
    [{ before: [{ image: { resise: 1 } as never }] }, "image has no option resise"],
    [{ before: [{}] }, "processing.before: expected one of image, tokenize, audio; got 0"],
    [
      { before: [{ tokenize: {} }] },
      "the model has no input input_ids, attention_mask, token_type_ids",
    ],
    [{ after: [{ topK: { k: 0 } }] }, "topK must be an integer from 1 to 10000; got 0"],
    [{ after: [{ topK: { k: 1, labels: "none.txt" } }] }, "no labels in "],
    [
      { after: [{ boxes: { boxes: "scores", scores: "scores" } }] },
      "it needs image among the steps before",
    ],
    [{ befor: [] } as never, "processing has no option befor; expected signature, before, after"],
    [{ signature: "other" }, 'signature "other" was not found'],
  ])("refuses steps that do not fit the model: %j", async (config, message) => {
    const model = processed({ x: spec.float32([-1, 8, 8, 3]) }, scores, config);
    await expect(model).rejects.toThrow(message);
  });
});

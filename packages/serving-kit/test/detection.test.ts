import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringsOf, type Tensor } from "@serving-kit/inference";
import { afterAll, describe, expect, it } from "vitest";
import { loadModel } from "../src/index.js";

const ssd = join(import.meta.dirname, "../../../examples/models/ssd");
const photo = readFileSync(join(ssd, "cats_and_dogs.jpg"));
const folder = mkdtempSync(join(tmpdir(), "serving-kit-detection-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Found {
  readonly box: readonly number[];
  readonly class: number;
  readonly score: number;
}
/** The boxes by Pillow and TensorFlow Lite in Python. */
const python: { size: [number, number]; suppressed: Found[]; all: Found[] } = JSON.parse(
  readFileSync(join(ssd, "detections.json"), "utf8"),
);

/** The same model without non-maximum suppression: its limit of the overlap is 1, and it returns 100 boxes. */
function withoutSuppression(): string {
  const model = Buffer.from(readFileSync(join(ssd, "1/model.tflite")));
  const options = Buffer.alloc(8);
  options.writeInt32LE(10);
  options.writeFloatLE(0.6, 4);
  const at = model.indexOf(options, model.indexOf("nms_iou_threshold"));
  expect(at).toBeGreaterThan(0);
  model.writeInt32LE(100, at);
  model.writeFloatLE(1, at + 4);
  const file = join(folder, "all.tflite");
  writeFileSync(file, model);
  return file;
}

const names = ["boxes", "classes", "scores", "count"];
const output = (i: number) => `TFLite_Detection_PostProcess${i === 0 ? "" : `:${i}`}`;
const outputs = Object.fromEntries(names.map((name, i) => [name, output(i)])) as {
  boxes: string;
  scores: string;
};

async function detect(path: string, options: object): Promise<(Found & { label: string })[]> {
  const after = [{ boxes: { ...outputs, packedLabels: true, ...options } }];
  const processing = { before: [{ image: {} }], after };
  await using model = await loadModel(path, { processing });
  const { boxes, scores, classes, count } = await model.predict({ image: [photo] });
  return Array.from({ length: Number(count?.data[0]) }, (_, i) => ({
    box: Array.from((boxes as Tensor<"float32">).data.subarray(4 * i, 4 * i + 4)),
    score: Number(scores?.data[i]),
    label: stringsOf(classes as Tensor<"string">)[i] as string,
    class: -1,
  }));
}

/** The share of the area of two boxes together that both cover. */
function shareOfBoth(a: readonly number[], b: readonly number[]): number {
  const area = ([left = 0, top = 0, right = 0, bottom = 0]: readonly number[]) =>
    Math.max(0, right - left) * Math.max(0, bottom - top);
  const inner = a.map((side, i) => (i < 2 ? Math.max : Math.min)(side, b[i] ?? Number.NaN));
  return area(inner) / (area(a) + area(b) - area(inner));
}

/** Asserts boxes within a pixel and scores within a step of the quantized model. */
function expectSame(found: readonly Found[], wanted: readonly Found[]) {
  expect(found).toHaveLength(wanted.length);
  for (const [i, { box, score }] of found.entries()) {
    expect(Math.abs(score - (wanted[i]?.score ?? 0)), `score ${i}`).toBeLessThan(0.005);
    for (const [side, pixel] of box.entries()) {
      const other = wanted[i]?.box[side] ?? Number.NaN;
      expect(Math.abs(pixel - other), `box ${i}, side ${side}`).toBeLessThan(1);
    }
  }
}

describe("boxes of an SSD MobileNet", () => {
  it("are the cats of TensorFlow Lite's task library, in the pixels of the photograph, and a dog", async () => {
    const found = await detect(join(ssd, "1"), { minScore: 0.45, maxBoxes: 4 });
    // The test of ObjectDetector in TensorFlow Lite Support: left, top, width, height.
    const wanted = [
      [54, 396, 393, 196],
      [602, 157, 394, 447],
      [260, 394, 180, 209],
    ] as const;
    expect(found.map(({ label }) => label)).toEqual(["cat", "cat", "cat", "dog"]);
    const [width, height] = python.size;
    for (const [i, [left, top, across, down]] of wanted.entries()) {
      // The library resizes in another way, and does not clip boxes to the photograph.
      const corners = [left, top, Math.min(left + across, width), Math.min(top + down, height)];
      expect(shareOfBoth(found[i]?.box ?? [], corners), `box ${i}`).toBeGreaterThan(0.85);
    }
  });

  it("are those of Python, with the suppression of the model", async () => {
    const wanted = python.suppressed.filter(({ score }) => score >= 0.3);
    expect(wanted.length).toBeGreaterThan(4);
    expectSame(await detect(join(ssd, "1"), { minScore: 0.3 }), wanted);
  });

  it("are those of Python without suppression", async () => {
    const wanted = python.all.filter(({ score }) => score >= 0.3);
    expect(wanted.length).toBeGreaterThan(10);
    expectSame(await detect(withoutSuppression(), { minScore: 0.3, maxBoxes: 100 }), wanted);
  });

  it("are those of the model's suppression by maxOverlap, if the model has none", async () => {
    const limits = { minScore: 0.45, maxBoxes: 100 };
    const own = await detect(withoutSuppression(), { ...limits, maxOverlap: 0.6 });
    expect(own).toEqual(await detect(join(ssd, "1"), limits));
  });
});

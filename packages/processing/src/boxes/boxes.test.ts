import { stringsOf, tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { image } from "../image/image.js";
import { boxes } from "./boxes.js";
import { overlapOf } from "./overlap.js";

const rounded = (data: ArrayLike<number>) => Array.from(data, (x) => +x.toFixed(3));

describe("boxes", () => {
  const wide = [{ width: 200, height: 100 }];
  const outputs = (all: number[][], scores: number[], classes?: number[]) => ({
    boxes: tensor("float32", [1, all.length, 4], all.flat()),
    scores: tensor("float32", [1, scores.length], scores),
    ...(classes && { classes: tensor("float32", [1, classes.length], classes) }),
  });

  it("finds pixels of a stretched picture, best first, above the limit", () => {
    const find = boxes({ image: image({ size: 300 }), maxBoxes: 3, labels: ["cat", "dog"] });
    const found = find(
      outputs(
        [
          [0, 0, 1, 1],
          [0.5, 0.25, 1.2, 0.5],
          [0, 0, 1, 1],
        ],
        [0.6, 0.9, 0.4],
        [0, 1, 0],
      ),
      wide,
    );
    expect(found.count.data).toEqual(Int32Array.of(2));
    expect(rounded(found.boxes.data)).toEqual([50, 50, 100, 100, 0, 0, 200, 100, 0, 0, 0, 0]);
    expect(rounded(found.scores.data)).toEqual([0.9, 0.6, 0]);
    expect(stringsOf(found.classes)).toEqual(["dog", "cat", ""]);
  });

  it("counts the boxes that the model says", () => {
    const all = outputs(
      [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
      ],
      [0.9, 0.9],
      [0, 0],
    );
    const found = boxes({ image: image({ size: 8 }) })(
      { ...all, count: tensor("float32", [1], [1]) },
      wide,
    );
    expect(found.count.data).toEqual(Int32Array.of(1));
  });

  it("undoes padding and crops", () => {
    const one = outputs([[0.25, 0, 0.75, 1]], [1], [0]);
    const padded = boxes({ image: image({ size: 100, pad: 0 }), maxBoxes: 1 })(one, wide);
    expect(rounded(padded.boxes.data)).toEqual([0, 0, 200, 100]);
    const cropped = boxes({ image: image({ size: 50, crop: { shorter: 50 } }), maxBoxes: 1 });
    expect(rounded(cropped(one, wide).boxes.data)).toEqual([50, 25, 150, 75]);
    const middle = boxes({ image: image({ size: 50, crop: { fraction: 0.5 } }), maxBoxes: 1 });
    expect(rounded(middle(one, wide).boxes.data)).toEqual([50, 37.5, 150, 62.5]);
  });

  it("accepts other forms, the scores of all classes, and leaves out overlaps of a class", () => {
    const find = boxes({
      image: image({ size: 100 }),
      format: "xywh",
      units: "pixels",
      maxOverlap: 0.5,
      maxBoxes: 4,
    });
    const found = find(
      {
        boxes: tensor("float32", [1, 3, 4], [50, 50, 20, 20, 51, 50, 20, 20, 52, 50, 20, 20]),
        scores: tensor("float32", [1, 3, 2], [0.9, 0.1, 0.8, 0.2, 0.3, 0.7]),
      },
      [{ width: 100, height: 100 }],
    );
    expect(rounded(found.boxes.data).slice(0, 8)).toEqual([40, 40, 60, 60, 42, 40, 62, 60]);
    expect(stringsOf(found.classes)).toEqual(["0", "1", "", ""]);
  });

  it("rejects options that are not valid, and classes without a label", () => {
    expect(() => boxes({ image: image({ size: 8 }), maxBoxes: 0 })).toThrow(
      "boxes.maxBoxes must be an integer from 1 to 1000; got 0",
    );
    const find = boxes({ image: image({ size: 8 }), labels: ["cat"] });
    expect(() => find(outputs([[0, 0, 1, 1]], [1], [3]), wide)).toThrow("the model has 4 classes");
  });
});

describe("overlapOf", () => {
  it("is the share that both cover", () => {
    expect(overlapOf([0, 0, 2, 1], [1, 0, 3, 1])).toBeCloseTo(1 / 3);
    expect(overlapOf([0, 0, 1, 1], [1, 0, 2, 1])).toBe(0);
  });
});

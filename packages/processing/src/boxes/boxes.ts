import { type Tensor, tensor } from "@serving-kit/inference";
import { checkChoice, checkInteger, checkNames, checkNumber, refuse } from "../check-option.js";
import { errors } from "../errors.js";
import type { ImageReader } from "../image/image.js";
import type { PictureSize, Placement } from "../image/placement.js";
import type { Axis } from "../resize/axis.js";
import { type Rows, rowsOfScores } from "../rows.js";
import { type Corners, type FoundBox, withoutOverlaps } from "./overlap.js";

/** Options for `boxes`. */
export interface BoxesOptions {
  /** The reader of the images, which knows the position of an image in the tensor. */
  readonly image: Pick<ImageReader, "placement" | "size">;
  /**
   * The format of a box. `yxyx`: top, left, bottom, right, as in TensorFlow's models; `xyxy`: left, top, right, bottom;
   * `xywh`: centre, width and height, as in YOLO's models. Default `yxyx`.
   */
  readonly format?: "yxyx" | "xyxy" | "xywh" | undefined;
  /**
   * The unit of coordinates: fractions of the tensor's sides, from 0 to 1, or pixels of the tensor. Default `shares`.
   */
  readonly units?: "shares" | "pixels" | undefined;
  /** Minimum score of a box. Default 0.5. */
  readonly minScore?: number | undefined;
  /** Number of boxes for each image, 1 to 1000. Missing boxes are padded with zeros and empty labels. Default 20. */
  readonly maxBoxes?: number | undefined;
  /**
   * Non-maximum suppression, for models without it: drops a box that overlaps a box of its class with a higher score by
   * more than this fraction. Default none.
   */
  readonly maxOverlap?: number | undefined;
  /** The name of each class: see `labels`. Default none: classes are numbers, as strings. */
  readonly labels?: readonly string[] | undefined;
}

/** The outputs of a detection model. */
export interface Detections {
  /** `[pictures, boxes, 4]`. */
  readonly boxes: Tensor;
  /** `[pictures, boxes]`, with `classes`; or `[pictures, boxes, classes]`. */
  readonly scores: Tensor;
  /** `[pictures, boxes]`. Absent if `scores` has them. */
  readonly classes?: Tensor | undefined;
  /** The number of valid boxes of each image, `[pictures]`. Default: all. */
  readonly count?: Tensor | undefined;
}

/** The boxes of images, sorted by descending score. */
export interface PictureBoxes {
  /** Left, top, right and bottom in pixels of the image, clipped to it. */
  readonly boxes: Tensor<"float32">;
  readonly scores: Tensor<"float32">;
  readonly classes: Tensor<"string">;
  /** The number of boxes of each image that are not padding. */
  readonly count: Tensor<"int32">;
}

/**
 * Returns a function that converts the outputs of a detection model to boxes in pixels of the images.
 *
 * ```ts
 * const pixels = image({ size: 300, dtype: "uint8" });
 * const found = boxes({ image: pixels, labels });
 * const { boxes, classes } = found(outputs, await pixels.sizes(files));
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / PROCESSING_INVALID for invalid options. The function throws
 * TENSOR_DTYPE_MISMATCH and TENSOR_SHAPE_MISMATCH (INVALID_ARGUMENT).
 */
export function boxes(
  options: BoxesOptions,
): (outputs: Detections, sizes: readonly PictureSize[]) => PictureBoxes {
  const finder = new BoxFinder(options);
  return (outputs, sizes) => finder.find(outputs, sizes);
}

const NAMES = ["image", "format", "units", "minScore", "maxBoxes", "maxOverlap", "labels"];

class BoxFinder {
  readonly #options: BoxesOptions;
  readonly #format: "yxyx" | "xyxy" | "xywh";
  readonly #minScore: number;
  readonly #maxBoxes: number;

  constructor(options: BoxesOptions) {
    checkNames("boxes", options, NAMES);
    const { format = "yxyx", units = "shares", maxOverlap = 1 } = options;
    this.#format = checkChoice("boxes.format", format, ["yxyx", "xyxy", "xywh"]);
    checkChoice("boxes.units", units, ["shares", "pixels"]);
    this.#minScore = checkNumber("boxes.minScore", options.minScore ?? 0.5);
    this.#maxBoxes = checkInteger("boxes.maxBoxes", options.maxBoxes ?? 20, [1, 1000]);
    if (!(checkNumber("boxes.maxOverlap", maxOverlap) > 0)) {
      refuse("boxes.maxOverlap", "above 0", maxOverlap);
    }
    this.#options = options;
  }

  find(outputs: Detections, sizes: readonly PictureSize[]): PictureBoxes {
    const all = sizes.map((size, picture) => this.#boxesOf(outputs, picture, size));
    const most = this.#maxBoxes;
    const corners = new Float32Array(all.length * most * 4);
    const scores = new Float32Array(all.length * most);
    const classes = new Array<string>(scores.length).fill("");
    for (const [picture, found] of all.entries()) {
      for (const [i, box] of found.entries()) {
        const at = picture * most + i;
        corners.set(box.corners, 4 * at);
        scores[at] = box.score;
        classes[at] = this.#labelOf(box.label);
      }
    }
    return {
      boxes: tensor("float32", [all.length, most, 4], corners),
      scores: tensor("float32", [all.length, most], scores),
      classes: tensor("string", [all.length, most], classes),
      count: tensor(
        "int32",
        [all.length],
        all.map((found) => found.length),
      ),
    };
  }

  #boxesOf(outputs: Detections, picture: number, size: PictureSize): readonly FoundBox[] {
    const place = this.#options.image.placement(size);
    const numbers = rowsOfScores("boxes", outputs.boxes);
    const [, boxCount = 0] = outputs.boxes.shape;
    const count = Math.min(boxCount, Number(outputs.count?.data[picture] ?? boxCount));
    const found: FoundBox[] = [];
    for (let i = picture * boxCount; i < picture * boxCount + count; i++) {
      const { score, label } = bestClass(outputs, i);
      if (score >= this.#minScore) {
        found.push({ corners: this.#cornersOf(numbers, i, place, size), score, label });
      }
    }
    found.sort((a, b) => b.score - a.score);
    const { maxOverlap = Number.POSITIVE_INFINITY } = this.#options;
    return withoutOverlaps(found, maxOverlap, this.#maxBoxes);
  }

  /** Returns the corners of a box in pixels of its image. */
  #cornersOf({ data }: Rows, box: number, place: Placement, size: PictureSize): Corners {
    const [a = 0, b = 0, c = 0, d = 0] = Array.from(
      { length: 4 },
      (_, i) => data[4 * box + i] as number,
    );
    const [height, width] = this.#options.units === "pixels" ? [1, 1] : this.#options.image.size;
    const [left, top, right, bottom] = {
      yxyx: [b, a, d, c],
      xyxy: [a, b, c, d],
      xywh: [a - c / 2, b - d / 2, a + c / 2, b + d / 2],
    }[this.#format] as [number, number, number, number];
    const x = (value: number) => inPicture(value * width - place.left, place.across, size.width);
    const y = (value: number) => inPicture(value * height - place.top, place.down, size.height);
    return [x(left), y(top), x(right), y(bottom)];
  }

  #labelOf(label: number): string {
    const { labels } = this.#options;
    if (labels === undefined) return String(label);
    const name = labels[label];
    if (name === undefined) throw errors.labelsMismatch(labels.length, label + 1);
    return name;
  }
}

/** Converts a position in the tensor, relative to the start of the image there, to a pixel of the image. */
function inPicture(at: number, { start, size, outSize, outStart }: Axis, extent: number): number {
  const pixel = start + ((at + outStart) * size) / outSize;
  return Math.max(0, Math.min(extent, pixel));
}

function bestClass({ scores, classes }: Detections, box: number): { score: number; label: number } {
  if (classes !== undefined) {
    return { score: Number(scores.data[box]), label: Number(classes.data[box]) };
  }
  const { width, data } = rowsOfScores("scores", scores);
  let label = 0;
  for (let i = 1; i < width; i++) {
    if ((data[box * width + i] as number) > (data[box * width + label] as number)) label = i;
  }
  return { score: data[box * width + label] as number, label };
}

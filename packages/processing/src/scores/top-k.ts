import { stringsOf, type Tensor, tensor } from "@serving-kit/inference";
import { checkInteger } from "../check-option.js";
import { errors } from "../errors.js";
import { type Rows, rowsOfScores, type Scale } from "../rows.js";

/** Options for `topK`. */
export interface TopKOptions<
  L extends readonly string[] | undefined = readonly string[] | undefined,
> {
  /** The name of each class, in the order of the scores: see `labels`. Default none: classes are numbers. */
  readonly labels?: L;
  /** The quantization of the scores in the model's signature. Default none: they are real numbers. */
  readonly quantization?: Scale | undefined;
}

/** The classes with the highest scores in each row, in descending order. */
export interface TopK<C extends "string" | "int32"> {
  readonly classes: Tensor<C>;
  readonly scores: Tensor<"float32">;
}

/**
 * Returns a function that finds the `k` classes with the highest scores in each row, or all classes if there are fewer.
 * Equal scores are in the order of the classes; NaN is last.
 *
 * ```ts
 * const best = topK(3, { labels: await labels({ file: "labels.txt" }) });
 * const { classes, scores } = best(probabilities);
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / PROCESSING_INVALID unless `k` is from 1 to 10,000. The function throws
 * FAILED_PRECONDITION / LABELS_MISMATCH if the number of labels is not the number of scores in a row.
 */
export function topK(
  k: number,
  options: TopKOptions<readonly string[]> & { readonly labels: readonly string[] },
): (scores: Tensor) => TopK<"string">;
export function topK(
  k: number,
  options?: TopKOptions<undefined>,
): (scores: Tensor) => TopK<"int32">;
export function topK(
  k: number,
  options: TopKOptions,
): (scores: Tensor, classes?: Tensor) => TopK<"string" | "int32">;
export function topK(k: number, { labels, quantization }: TopKOptions = {}) {
  checkInteger("topK", k, [1, 10_000]);
  return (scores: Tensor, classes?: Tensor): TopK<"string" | "int32"> => {
    const all = rowsOfScores("scores", scores, quantization);
    const names = classes === undefined ? labels : labelsInRow(classes, all.width);
    if (names !== undefined && names.length !== all.width) {
      throw errors.labelsMismatch(names.length, all.width);
    }
    const count = Math.min(k, all.width);
    const best = bestOf(all, count);
    const shape = [...scores.shape.slice(0, -1), count];
    const values = Float32Array.from(best, (i) => all.data[i] as number);
    const found = Array.from(best, (i) => i % all.width);
    return {
      classes: names
        ? tensor(
            "string",
            shape,
            found.map((i) => names[i] as string),
          )
        : tensor("int32", shape, Int32Array.from(found)),
      scores: tensor("float32", shape, values),
    };
  };
}

/** Returns the labels of an ONNX model's ZipMap, an output with the same labels in each row. */
export function labelsInRow(classes: Tensor, width: number): readonly string[] {
  if (classes.dtype === "string") return stringsOf(classes as Tensor<"string">).slice(0, width);
  return Array.from({ length: width }, (_, i) => String(classes.data[i]));
}

/** Returns the indexes of the best scores of all rows, row by row. */
function bestOf({ rows, width, data }: Rows, count: number): Uint32Array {
  const best = new Uint32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let i = row * width; i < (row + 1) * width; i++) {
      const filled = Math.min(i - row * width, count);
      let at = row * count + filled;
      while (
        at > row * count &&
        isBetter(data[i] as number, data[best[at - 1] as number] as number)
      ) {
        if (at < (row + 1) * count) best[at] = best[at - 1] as number;
        at--;
      }
      if (at < (row + 1) * count) best[at] = i;
    }
  }
  return best;
}

const isBetter = (score: number, than: number): boolean =>
  score > than || (Number.isNaN(than) && !Number.isNaN(score));

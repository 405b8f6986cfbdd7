import { mapPredictor, rowsOf, spec, tflite } from "serving-kit";
import { digits } from "../custom-route/digits.js";

// #region mapped
export const digit = mapPredictor(tflite(), {
  inputs: { pixels: spec.uint8([-1, 64]) }, // 0 to 16
  outputs: { digit: spec.int32([-1]), score: spec.float32([-1]) },
  batchable: true,
  expects: digits, // types `before` and `after`; a model that does not match is rejected
  before: ({ pixels }) => ({ image: Float32Array.from(pixels.data, (value) => value / 16) }),
  after: ({ probabilities }) => {
    const scores = rowsOf(probabilities).map((row) => Math.max(...row));
    return {
      digit: rowsOf(probabilities).map((row, i) => row.indexOf(scores[i] ?? 0)),
      score: scores,
    };
  },
});
// #endregion

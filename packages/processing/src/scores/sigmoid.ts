import { type Tensor, tensor } from "@serving-kit/inference";
import { rowsOfScores, type Scale } from "../rows.js";

/**
 * Returns `1 / (1 + exp(-x))` of each element: the share of each class by itself.
 *
 * @throws ServingError INVALID_ARGUMENT / TENSOR_DTYPE_MISMATCH for a tensor that has no rows of numbers.
 */
export function sigmoid(logits: Tensor, quantization?: Scale): Tensor<"float32"> {
  const { data } = rowsOfScores("logits", logits, quantization);
  return tensor(
    "float32",
    logits.shape,
    Float32Array.from(data, (x) => 1 / (1 + Math.exp(-x))),
  );
}

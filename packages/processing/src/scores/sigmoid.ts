import { type Tensor, tensor } from "@serving-kit/inference";
import { rowsOfScores, type Scale } from "../rows.js";

/**
 * Returns `1 / (1 + exp(-x))` for each element: independent scores of the classes.
 *
 * @throws ServingError INVALID_ARGUMENT / TENSOR_DTYPE_MISMATCH for a tensor without rows of numbers.
 */
export function sigmoid(logits: Tensor, quantization?: Scale): Tensor<"float32"> {
  const { data } = rowsOfScores("logits", logits, quantization);
  return tensor(
    "float32",
    logits.shape,
    Float32Array.from(data, (x) => 1 / (1 + Math.exp(-x))),
  );
}

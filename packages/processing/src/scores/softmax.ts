import { type Tensor, tensor } from "@serving-kit/inference";
import { rowsOfScores, type Scale } from "../rows.js";

/**
 * Returns the softmax of each row: scores that add up to 1.
 *
 * @throws ServingError INVALID_ARGUMENT / TENSOR_DTYPE_MISMATCH for a tensor without rows of numbers.
 */
export function softmax(logits: Tensor, quantization?: Scale): Tensor<"float32"> {
  const { rows, width, data } = rowsOfScores("logits", logits, quantization);
  const shares = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = start; i < start + width; i++) largest = Math.max(largest, data[i] as number);
    let sum = 0;
    for (let i = start; i < start + width; i++) {
      const share = Math.exp((data[i] as number) - largest);
      shares[i] = share;
      sum += share;
    }
    for (let i = start; i < start + width; i++) shares[i] = (shares[i] as number) / sum;
  }
  return tensor("float32", logits.shape, shares);
}

import type { TensorSpec } from "./signature.js";

/**
 * Dimension 0 of a tensor, which counts the rows of a batch: `"open"` takes any number of rows, `"fixed"` does
 * not (a scalar included), `"unknown"` is that of a tensor whose shape is not known.
 */
export function batchDimension({ shape }: Pick<TensorSpec, "shape">): "open" | "fixed" | "unknown" {
  if (shape === null) return "unknown";
  return shape[0] === -1 ? "open" : "fixed";
}

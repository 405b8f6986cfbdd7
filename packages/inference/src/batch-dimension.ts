import type { TensorSpec } from "./signature.js";

/**
 * Classifies dimension 0 of a tensor, which counts the rows of a batch: `"open"` allows any number of rows, `"fixed"`
 * does not (scalars included), `"unknown"` means that the shape is not known.
 */
export function batchDimension({ shape }: Pick<TensorSpec, "shape">): "open" | "fixed" | "unknown" {
  if (shape === null) return "unknown";
  return shape[0] === -1 ? "open" : "fixed";
}

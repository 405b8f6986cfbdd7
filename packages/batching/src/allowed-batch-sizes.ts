/**
 * The smallest allowed size that holds `size`; `size` itself where the list is empty.
 *
 * The list rises, and its last entry is the largest batch there is.
 */
export function padUp(allowedBatchSizes: readonly number[], size: number): number {
  for (const allowed of allowedBatchSizes) if (allowed >= size) return allowed;
  return size;
}

/** The largest allowed size that `size` fills, or 0 where there is none. */
export function batchDown(allowedBatchSizes: readonly number[], size: number): number {
  let down = 0;
  for (const allowed of allowedBatchSizes) if (allowed <= size) down = allowed;
  return down;
}

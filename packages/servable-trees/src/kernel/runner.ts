import type { Forest } from "../forest/forest.js";

/** Numbers of a row: float32 in layout `packed`, else float64. */
export type Floats = Float32Array | Float64Array;

/** Walks the trees of a forest over rows in the forest's layout. Only one call may use it at a time. */
export interface Runner {
  /** Maximum number of rows at a time. */
  readonly capacity: number;
  /** The memory for rows, `rowWidth` slots each. */
  readonly rows: Floats;
  /** Adds the leaves of all trees to `out`, `groups` numbers per row, in the order of the trees. */
  sum(rows: number, out: Floats): void;
  /**
   * Writes the leaf nodes of `count` trees, starting with `first`, to `out`, `count` numbers per row. `first` is a
   * multiple of 4, `count` at most `MAX_FOUND`.
   */
  find(rows: number, first: number, count: number, out: Int32Array): void;
  /** Frees the memory of this runner, but not the forest's. */
  close(): void;
}

/** Maximum number of trees for one call of `find`. */
export const MAX_FOUND = 64;

/** Number of bytes for rows and their outputs, unless one row needs more. */
const SCRATCH_BYTES = 2 ** 16;

/** Returns the number of rows that a runner processes at a time. */
export function capacityOf({ groups }: Forest, width: number, bytesPerNumber: number): number {
  const found = MAX_FOUND * 4;
  const perRow = width * bytesPerNumber + Math.max(groups * bytesPerNumber, found);
  return Math.max(1, Math.min(256, Math.floor(SCRATCH_BYTES / perRow)));
}

import type { Forest } from "../forest/forest.js";

/** Numbers of a row: float32 in layout `packed`, else float64. */
export type Floats = Float32Array | Float64Array;

/** Walks the trees of a forest over rows that are laid out as it says. Not to be used by two calls at a time. */
export interface Runner {
  /** How many rows fit at a time. */
  readonly capacity: number;
  /** Where rows are written, `rowWidth` slots each. */
  readonly rows: Floats;
  /** Adds the leaves of all trees to `out`, `groups` numbers a row, in the order of the trees. */
  sum(rows: number, out: Floats): void;
  /**
   * Writes the node of the leaf of `count` trees from `first` on to `out`, `count` numbers a row.
   * `first` is a multiple of 4, `count` at most `MAX_FOUND`.
   */
  find(rows: number, first: number, count: number, out: Int32Array): void;
  /** Frees the memory of this runner; the forest's stays. */
  close(): void;
}

/** The most trees that `find` takes at a time. */
export const MAX_FOUND = 64;

/** The bytes that rows and their outputs take, if one row does not need more. */
const SCRATCH_BYTES = 2 ** 16;

/** The number of rows that a runner takes at a time. */
export function capacityOf({ groups }: Forest, width: number, bytesPerNumber: number): number {
  const found = MAX_FOUND * 4;
  const perRow = width * bytesPerNumber + Math.max(groups * bytesPerNumber, found);
  return Math.max(1, Math.min(256, Math.floor(SCRATCH_BYTES / perRow)));
}

import type { Steps } from "@serving-kit/core";
import type { MemoryAllowance, Tensor, TensorSpec } from "@serving-kit/inference";
import { isJsonDType } from "./json-dtypes.js";
import { CHAR, skipSpace } from "./json-text.js";
import { MAX_DEPTH, STEP_BYTES } from "./json-value.js";
import { type Leaves, leavesOf } from "./leaves.js";
import type { RunReader } from "./run-reader.js";
import type { RunRow } from "./scan-run.js";

// Constants of this module: the engine folds them into the hot loops, but not imported ones.
const { closeArray: CLOSE_ARRAY, comma: COMMA, openArray: OPEN_ARRAY, space: SPACE } = CHAR;

/** The value that a paused read returns. */
export const PAUSED = -2;

/**
 * Reads nested JSON arrays directly into the memory of one tensor.
 *
 * The first value determines the shape; every further value must have the same shape and is appended. So one reader
 * serves the columnar form (one value) and rows of named inputs (one value per row). For a value that is ragged, of
 * another shape or of another type, it returns -1, and `explain` then finds the error text.
 */
export class TensorReader {
  /** The number of values read. */
  values = 0;
  readonly #spec: TensorSpec;
  readonly #leaves: Leaves;
  #rank = -1;
  /** The number of open lists, and the position, at which a read has paused. */
  #depth = 0;
  #pausedAt = 0;
  /** The size of the lists at each level; -1 while the first list of a level is being read. */
  readonly #dims: number[] = [];
  /** The number of elements read of the open list at each level. */
  readonly #seen: number[] = [];
  readonly #row: RunRow = { seen: 0, finished: 0 };

  constructor(spec: TensorSpec, allowance: MemoryAllowance) {
    if (!isJsonDType(spec.dtype)) throw new RangeError(`${spec.dtype} has no form in JSON`);
    this.#spec = spec;
    this.#leaves = leavesOf(spec.dtype, allowance);
  }

  /**
   * Reads the value at `at`. Returns the position of the next character after it, or -1; after -1 the reader must not
   * be used. `runs` reads the lists of the same text. After 64 KiB of the value it returns PAUSED, and `resume`
   * continues.
   */
  read(bytes: Uint8Array, runs: RunReader, at: number): number {
    return this.#read(bytes, runs, at, at + STEP_BYTES);
  }

  /** Continues a paused read. Returns the same as `read`. */
  resume(bytes: Uint8Array, runs: RunReader): number {
    return this.#read(bytes, runs, this.#pausedAt, this.#pausedAt + STEP_BYTES);
  }

  #read(bytes: Uint8Array, runs: RunReader, at: number, pauseAt: number): number {
    const dims = this.#dims;
    const seen = this.#seen;
    const leaves = this.#leaves;
    const row = this.#row;
    let rank = this.#rank;
    let depth = this.#depth;
    let c = bytes[at] as number;
    for (;;) {
      if (at >= pauseAt) {
        this.#rank = rank;
        this.#depth = depth;
        this.#pausedAt = at;
        return PAUSED;
      }
      if (c === OPEN_ARRAY) {
        if (depth === MAX_DEPTH || (rank >= 0 && depth >= rank)) return -1;
        if (depth === dims.length) dims.push(-1);
        seen[depth++] = 0;
        c = bytes[++at] as number;
        if (c <= SPACE) {
          at = skipSpace(bytes, at);
          c = bytes[at] as number;
        }
        if (c !== CLOSE_ARRAY) continue;
        if (rank === -1) rank = depth;
      } else {
        if (rank !== depth) {
          if (rank !== -1) return -1;
          rank = depth;
        }
        if (depth === 0) at = leaves.read(bytes, at);
        else {
          row.seen = seen[depth - 1] as number;
          row.finished = 0;
          at = runs.read(leaves, at, depth > 1 ? (dims[depth - 1] as number) : -1, row);
          seen[depth - 1] = row.seen;
          if (depth > 1) seen[depth - 2] = (seen[depth - 2] as number) + row.finished;
        }
        if (at === -1) return -1;
        c = bytes[at] as number;
        if (c <= SPACE) {
          at = skipSpace(bytes, at);
          c = bytes[at] as number;
        }
      }
      while (depth > 0 && c === CLOSE_ARRAY) {
        const size = seen[--depth] as number;
        if (dims[depth] !== size) {
          if (dims[depth] !== -1) return -1;
          dims[depth] = size;
        }
        if (depth > 0) seen[depth - 1] = (seen[depth - 1] as number) + 1;
        c = bytes[++at] as number;
        if (c <= SPACE) {
          at = skipSpace(bytes, at);
          c = bytes[at] as number;
        }
      }
      if (depth === 0) break;
      if (c !== COMMA) return -1;
      c = bytes[++at] as number;
      if (c <= SPACE) {
        at = skipSpace(bytes, at);
        c = bytes[at] as number;
      }
    }
    this.#rank = rank;
    this.#depth = 0;
    this.values++;
    return at;
  }

  /**
   * Adds the spec's missing value for a row that lacks the input. Returns false if that is not possible: the spec has
   * none, or values are not scalars.
   */
  addMissing(): boolean {
    const { missing } = this.#spec;
    if (missing === undefined || this.#leaves.add === undefined || this.#rank > 0) return false;
    this.#rank = 0;
    this.#leaves.add(missing);
    this.values++;
    return true;
  }

  /** Returns the tensor of the single value that was read, if it can be created without pauses. */
  quickTensor(): Tensor | undefined {
    const leaves = this.#leaves;
    if (leaves.finishInSteps !== undefined) return undefined;
    return { dtype: this.#spec.dtype, shape: this.#dims, data: leaves.finish() } as Tensor;
  }

  /** Returns the tensor of the single value that was read. */
  tensor(): Steps<Tensor> {
    return this.#tensor(this.#dims);
  }

  /** Returns the tensor of all values that were read, one row each. */
  rows(): Steps<Tensor> {
    return this.#tensor([this.values, ...this.#dims]);
  }

  *#tensor(shape: readonly number[]): Steps<Tensor> {
    const leaves = this.#leaves;
    const data = leaves.finishInSteps ? yield* leaves.finishInSteps() : leaves.finish();
    return { dtype: this.#spec.dtype, shape, data } as Tensor;
  }
}

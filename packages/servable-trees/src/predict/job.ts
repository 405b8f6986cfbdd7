import type { Signature, Tensors } from "@serving-kit/inference";
import type { RowSource } from "./row-source.js";

/** The elements of an output. */
export type OutputData = Float32Array | Float64Array | Int32Array | BigInt64Array;

/** One signature of a model: reads its rows, and computes its output in slices. */
export interface Job {
  readonly signature: Signature;
  readonly output: {
    readonly name: string;
    readonly dtype: "float32" | "float64" | "int32" | "int64";
  };
  /** Number of output elements of a row. */
  readonly perRow: number;
  /** The output's dimensions after the first one. */
  readonly extents: readonly number[];
  /** Opens the rows of a call, whose inputs match the signature. */
  open(inputs: Tensors): RowSource;
  /** Number of work units of a row, usually one. */
  readonly unitsPerRow: number;
  /** Maximum number of units to run before yielding to the event loop. */
  readonly unitsPerSlice: number;
  /** Runs units of work, and writes the output of their rows to `out`, which starts as zeros. */
  run(source: RowSource, first: number, count: number, out: OutputData): void;
}

/** Number of tree steps to walk before yielding to the event loop: a fraction of a ms. */
export const STEPS_PER_SLICE = 100_000;

/** Maximum number of elements of an output. */
export const MAX_OUTPUT_ELEMENTS = 2 ** 28;

export function allocateOutput({ output }: Job, length: number): OutputData {
  switch (output.dtype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    default:
      return new BigInt64Array(length);
  }
}

import type { Signature, Tensors } from "@serving-kit/inference";
import type { RowSource } from "./row-source.js";

/** The elements of an output. */
export type OutputData = Float32Array | Float64Array | Int32Array | BigInt64Array;

/** One signature of a model: how its rows are read, and how its output is computed, slice by slice. */
export interface Job {
  readonly signature: Signature;
  readonly output: {
    readonly name: string;
    readonly dtype: "float32" | "float64" | "int32" | "int64";
  };
  /** How many elements the output has for a row. */
  readonly perRow: number;
  /** The extents of the output after the first one. */
  readonly extents: readonly number[];
  /** The rows of a call, whose inputs fit the signature. */
  open(inputs: Tensors): RowSource;
  /** How many units of work a row has: usually one. */
  readonly unitsPerRow: number;
  /** How many units may be done before the event loop must turn. */
  readonly unitsPerSlice: number;
  /** Does units of work, and writes the output of their rows to `out`, which starts as zeros. */
  run(source: RowSource, first: number, count: number, out: OutputData): void;
}

/** The steps in trees that are walked before the event loop turns: a fraction of a ms. */
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

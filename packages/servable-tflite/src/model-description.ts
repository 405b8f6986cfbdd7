import type { ModelSignature } from "./model-signature.js";
import type { ModelState } from "./model-state.js";

/** The extents of inputs that a file leaves open: none, only dimension 0 (the batch), or others as well. */
export type OpenExtents = "known" | "batch" | "unknown";

/** The description of a .tflite file. */
export interface ModelFile {
  readonly signatures: ReadonlyMap<string, ModelSignature>;
  readonly state: ModelState;
  /** The extents of the inputs of the primary subgraph that the file leaves open; `unknown` if no signature runs it. */
  readonly extents: OpenExtents;
  /** The subgraphs with operators that cannot run on empty tensors, by number. */
  readonly outlines: ReadonlyMap<number, SubgraphOutline>;
  /** See `hasOpenRunTime`. */
  readonly hasOpenRunTime: boolean;
}

export interface OutlineNode {
  readonly name: string;
  /** The tensor that the operator works on, if it needs elements. */
  readonly data: number | undefined;
  readonly isReduction: boolean;
  readonly outputs: readonly number[];
}

/** The part of a subgraph that is needed to find empty tensors. */
export interface SubgraphOutline {
  /** Tensor numbers of the inputs and outputs, in the order of the C API. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly nodes: readonly OutlineNode[];
  /** True if an operator works over windows or pixels: then no input may be empty. */
  readonly hasWindows: boolean;
  /** Tensors whose shape is known only during the run, according to the file. */
  readonly dynamic: ReadonlySet<number>;
}

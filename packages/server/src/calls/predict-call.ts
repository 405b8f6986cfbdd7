import type { ServableId } from "@serving-kit/core";
import type { Tensors } from "@serving-kit/inference";

/** One call of a model, in terms of no transport. */
export interface PredictCall {
  /** Undefined and empty mean `serving_default`. */
  readonly signature?: string | undefined;
  readonly inputs: Tensors;
  /** The outputs that are wanted; undefined and empty mean all. */
  readonly outputs?: readonly string[];
  /** The names of outputs in the answer, by their names in the signature. Undefined: the same names. */
  readonly outputNames?: ReadonlyMap<string, string> | undefined;
}

/** What a model answered. */
export interface PredictAnswer<C extends PredictCall = PredictCall> {
  /** The version that answered. */
  readonly id: ServableId;
  readonly call: C;
  readonly outputs: Tensors;
}

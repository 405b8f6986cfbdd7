import type { Tensors } from "@serving-kit/inference";

/** One prediction, in terms of no protocol. */
export interface PredictCall {
  /** Undefined and empty mean `serving_default`. */
  readonly signature?: string | undefined;
  readonly inputs: Tensors;
  /** The body of a call of `respond`, which has no inputs. Only lent. */
  readonly body?: Uint8Array | undefined;
  /** The requested outputs; undefined and empty mean all. */
  readonly outputs?: readonly string[] | undefined;
  /** The names of outputs in the answer, by their names in the signature. Undefined: the same names. */
  readonly outputNames?: ReadonlyMap<string, string> | undefined;
}

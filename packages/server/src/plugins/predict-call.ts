import type { Tensors } from "@serving-kit/inference";

/** One prediction, independent of any protocol. */
export interface PredictCall {
  /** Undefined and empty mean `serving_default`. */
  readonly signature?: string | undefined;
  readonly inputs: Tensors;
  /** The body of a `respond` call, which has no inputs. Borrowed: do not keep it. */
  readonly body?: Uint8Array | undefined;
  /** The requested outputs; undefined or empty means all. */
  readonly outputs?: readonly string[] | undefined;
  /** The names of outputs in the response, by their names in the signature. Undefined: the same names. */
  readonly outputNames?: ReadonlyMap<string, string> | undefined;
}

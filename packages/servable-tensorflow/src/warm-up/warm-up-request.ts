import type { Tensors } from "@serving-kit/inference";

/** One call that is made before a model is available, so that its first caller does not wait. */
export interface WarmUpRequest {
  readonly inputs: Tensors;
  /** Default `serving_default`. */
  readonly signature?: string;
  /** Default all. */
  readonly outputs?: readonly string[];
  /** Which record of the warm-up file it is from, counted from 0. Absent where it was invented. */
  readonly record?: number;
}

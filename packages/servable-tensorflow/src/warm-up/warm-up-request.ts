import { type Signature, type Tensors, zeroInputs } from "@serving-kit/inference";

/** One call that is run before a model is available, so that its first caller does not wait. */
export interface WarmUpRequest {
  readonly inputs: Tensors;
  /** Default `serving_default`. */
  readonly signature?: string;
  /** Default all. */
  readonly outputs?: readonly string[];
  /** Index of its record in the warm-up file, from 0. Absent if the request was generated. */
  readonly record?: number;
}

/** Generates a call of each signature: see `zeroInputs`. */
export function syntheticWarmUp(
  signatures: ReadonlyMap<string, Signature>,
): readonly WarmUpRequest[] {
  return [...signatures].map(([name, signature]) => ({
    signature: name,
    inputs: zeroInputs(signature),
    // All outputs except those that cannot be returned.
    ...(signature.opaqueOutputs && { outputs: [...signature.outputs.keys()] }),
  }));
}

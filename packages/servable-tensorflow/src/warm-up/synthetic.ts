import { type Signature, zeroInputs } from "@serving-kit/inference";
import type { WarmUpRequest } from "./warm-up-request.js";

/** Invents a call of each signature: see `zeroInputs`. */
export function syntheticWarmUp(
  signatures: ReadonlyMap<string, Signature>,
): readonly WarmUpRequest[] {
  return [...signatures].map(([name, signature]) => ({
    signature: name,
    inputs: zeroInputs(signature),
    // All but those that cannot be returned.
    ...(signature.opaqueOutputs && { outputs: [...signature.outputs.keys()] }),
  }));
}

import type { ServableRequest } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import type { ModelSpec } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";

/** Returns the request for the servable of a ModelSpec. Throws TF Serving's error if it names no servable. */
export function servableRequest(spec: ModelSpec | undefined): ServableRequest {
  if (spec === undefined) throw errors.requestUnfit("Missing ModelSpec");
  const { name, version, label } = spec;
  if (name === "") throw errors.requestUnfit("ModelSpec has no name specified.");
  if (version !== undefined) {
    if (version < 0n) throw errors.versionNegative(name, version);
    return { name, version };
  }
  return label === undefined ? { name } : { name, label };
}

/** Returns the signature name of a ModelSpec, or the default. */
export const effectiveSignature = ({ signatureName }: ModelSpec): string =>
  signatureName || DEFAULT_SIGNATURE;

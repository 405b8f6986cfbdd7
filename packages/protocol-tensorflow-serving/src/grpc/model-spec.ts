import type { ServableRequest } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import type { ModelSpec } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";

/** The request for the servable that a ModelSpec names; throws TF Serving's texts where it names none. */
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

/** The signature that a ModelSpec means. */
export const effectiveSignature = ({ signatureName }: ModelSpec): string =>
  signatureName || DEFAULT_SIGNATURE;

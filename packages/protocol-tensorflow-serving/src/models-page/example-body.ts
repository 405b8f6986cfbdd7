import { DEFAULT_SIGNATURE, type Signature, type TensorSpec } from "@serving-kit/inference";
import { isJsonDType } from "@serving-kit/tensor-json";

/** Maximum length in characters of a body that a person pastes. */
const MAX_LENGTH = 600;

/**
 * Returns a predict body with zeros for every required input, for the default signature or else the first one; unknown
 * dimensions are 1. Undefined if there is no signature, an input has no JSON form, or the body would be too long.
 */
export function exampleBody(signatures: ReadonlyMap<string, Signature>): string | undefined {
  const name = signatures.has(DEFAULT_SIGNATURE) ? DEFAULT_SIGNATURE : [...signatures.keys()][0];
  const signature = name === undefined ? undefined : signatures.get(name);
  if (signature === undefined) return undefined;
  const inputs: string[] = [];
  for (const [input, spec] of signature.inputs) {
    if (spec.isOptional) continue;
    const zeros = zerosOf(spec);
    if (zeros === undefined) return undefined;
    inputs.push(`${JSON.stringify(input)}:${zeros}`);
  }
  const named = name === DEFAULT_SIGNATURE ? "" : `"signature_name":${JSON.stringify(name)},`;
  const body = `{${named}"inputs":{${inputs.join(",")}}}`;
  return body.length <= MAX_LENGTH ? body : undefined;
}

function zerosOf({ dtype, shape }: TensorSpec): string | undefined {
  if (!isJsonDType(dtype)) return undefined;
  const extents = (shape ?? []).map((extent) => (extent === -1 ? 1 : extent));
  // Checked before writing, because the shape comes from a model file.
  if (extents.reduce((count, extent) => count * Math.max(1, extent), 1) > MAX_LENGTH)
    return undefined;
  return extents.reduceRight(
    (inner, extent) => `[${Array.from({ length: extent }, () => inner).join(",")}]`,
    dtype === "string" ? '""' : dtype === "bool" ? "false" : "0",
  );
}

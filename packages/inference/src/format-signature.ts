import type { Signature, TensorSpec } from "./signature.js";

/**
 * Formats a signature as readable lines of text, such as
 *
 * ```text
 * signature serving_default (tensorflow/serving/predict)
 *   input image float32 [?, 64] (serving_default_image:0)
 *   output probabilities float32 [?, 10] (StatefulPartitionedCall:0)
 * ```
 */
export function formatSignature(name: string, signature: Signature): string[] {
  const { methodName, inputs, outputs, opaqueOutputs = new Map() } = signature;
  return [
    `signature ${name}${methodName ? ` (${methodName})` : ""}`,
    ...[...inputs].map(([input, spec]) => `  input ${input} ${formatSpec(spec)}`),
    ...[...outputs].map(([output, spec]) => `  output ${output} ${formatSpec(spec)}`),
    ...[...opaqueOutputs].map(([output, { problem }]) => `  output ${output} ${problem}`),
  ];
}

function formatSpec({ dtype, shape, nativeName, isOptional, quantization }: TensorSpec): string {
  const extents = shape?.map((extent) => (extent === -1 ? "?" : extent)).join(", ");
  return [
    `${dtype} ${shape === null ? "of any shape" : `[${extents}]`}`,
    ...(isOptional ? [", optional"] : []),
    ...(quantization ? [`, quantized${formatScale(quantization)}`] : []),
    ...(nativeName ? [` (${nativeName})`] : []),
  ].join("");
}

function formatScale({ scale, zeroPoint }: NonNullable<TensorSpec["quantization"]>): string {
  if (scale.length !== 1) return ` with ${scale.length} scales`;
  return ` with scale ${scale[0]} and zero point ${zeroPoint[0] ?? 0}`;
}

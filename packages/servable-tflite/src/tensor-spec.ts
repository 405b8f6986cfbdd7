import type { Quantization, TensorSpec } from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { GraphQuantization, GraphTensor } from "./graph/graph.js";

/**
 * Returns the spec of a tensor in a .tflite file; `name` is the name of its input or output.
 *
 * @throws RangeError for a shape or quantization that no tensor has; ServingError UNIMPLEMENTED /
 * MODEL_UNSUPPORTED for a type that no tensor can hold.
 */
export function specOf(tensor: GraphTensor, name: string): TensorSpec {
  const { type, typeNumber, quantization } = tensor;
  if (type?.dtype === undefined) {
    const known = type?.name ?? `with number ${typeNumber}`;
    throw errors.modelUnsupported(`tensor "${name}" has the type ${known}, which cannot be served`);
  }
  return {
    dtype: type.dtype,
    shape: shapeOf(tensor, name),
    ...(tensor.name !== "" && { nativeName: tensor.name }),
    ...(quantization !== undefined && { quantization: specOfQuantization(quantization) }),
  };
}

/** Returns the shape with -1 for extents that may vary. */
function shapeOf({ shape, shapeSignature }: GraphTensor, name: string): readonly number[] {
  const result = shapeSignature.length === shape.length ? shapeSignature : shape;
  if (result.some((dimension) => dimension < -1)) {
    throw new RangeError(`tensor "${name}" has the impossible shape [${result}]`);
  }
  return result;
}

function specOfQuantization({ scale, zeroPoint, dimension }: GraphQuantization): Quantization {
  if (zeroPoint.length !== scale.length) {
    throw new RangeError(`it has ${scale.length} scales and ${zeroPoint.length} zero points`);
  }
  const points = zeroPoint.map(Number);
  return { scale, zeroPoint: points, ...(scale.length > 1 && { dimension }) };
}

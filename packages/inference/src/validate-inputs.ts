import { messageOf } from "@serving-kit/core";
import { NUMERIC_DTYPES } from "./dtype.js";
import { errors } from "./errors.js";
import type { Predictor } from "./predictor.js";
import { DEFAULT_SIGNATURE, type Signature, type TensorSpec } from "./signature.js";
import { elementCount, type Tensor, type Tensors } from "./tensor.js";

/** Finds a signature by name. Throws SIGNATURE_NOT_FOUND (INVALID_ARGUMENT) with the known names. */
export function signatureOf(
  predictor: Pick<Predictor, "signatures">,
  name: string = DEFAULT_SIGNATURE,
): Signature {
  const signature = predictor.signatures.get(name);
  if (signature === undefined) throw errors.signatureNotFound(name, predictor.signatures.keys());
  return signature;
}

/**
 * Checks inputs against a signature: each that is not optional is there, none is unknown, and each has the
 * dtype of the signature and as many elements as its own shape says. Checks shapes only if the signature
 * `checksShapes`.
 *
 * @throws ServingError INVALID_ARGUMENT with one of INPUT_MISSING, INPUT_UNEXPECTED,
 * TENSOR_DTYPE_MISMATCH, TENSOR_SHAPE_MISMATCH, TENSOR_INVALID; the message has the tensor's name.
 */
export function validateInputs(signature: Signature, inputs: Tensors): void {
  for (const [name, spec] of signature.inputs) {
    if (Object.hasOwn(inputs, name)) {
      validateTensor(name, spec, inputs[name] as Tensor, signature.checksShapes);
    } else if (!spec.isOptional) throw errors.inputMissing(name, Object.keys(inputs));
  }
  for (const name of Object.keys(inputs)) {
    if (!signature.inputs.has(name)) throw errors.inputUnexpected(name, signature.inputs.keys());
  }
}

/** Checks the requested outputs. Throws OUTPUT_NOT_FOUND (INVALID_ARGUMENT). Gives the names to compute. */
export function validateOutputs(
  signature: Signature,
  outputs: readonly string[] | undefined,
): readonly string[] {
  if (outputs === undefined || outputs.length === 0) return [...signature.outputs.keys()];
  for (const name of outputs) {
    if (!signature.outputs.has(name)) throw errors.outputNotFound(name, signature.outputs.keys());
  }
  return outputs;
}

/**
 * Checks one tensor against its specification, as `validateInputs` does.
 *
 * @param checksShape Whether its shape must fit. Default false.
 */
export function validateTensor(
  name: string,
  spec: TensorSpec,
  tensor: Tensor,
  checksShape = false,
): void {
  if (typeof tensor !== "object" || tensor === null || !Array.isArray(tensor.shape)) {
    throw errors.tensorInvalid(name, "must be a tensor: { dtype, shape, data }");
  }
  if (tensor.dtype !== spec.dtype) {
    throw errors.dtypeMismatch(name, spec.dtype, String(tensor.dtype));
  }
  if (checksShape && spec.shape !== null && !shapeFits(spec.shape, tensor.shape)) {
    throw errors.shapeMismatch(name, spec.shape, tensor.shape);
  }
  validateData(name, tensor);
}

/** Tells whether a shape has the rank of `expected` and each extent, where that is not -1. */
export function shapeFits(expected: readonly number[], shape: readonly number[]): boolean {
  if (expected.length !== shape.length) return false;
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] !== -1 && expected[i] !== shape[i]) return false;
  }
  return true;
}

function validateData(name: string, { dtype, shape, data }: Tensor): void {
  let count: number;
  try {
    count = elementCount(shape);
  } catch (error) {
    throw errors.tensorInvalid(name, `has no valid shape: ${messageOf(error)}`);
  }
  if (dtype === "string") {
    if (!Array.isArray(data) || !data.every((bytes) => bytes instanceof Uint8Array)) {
      throw errors.tensorInvalid(name, "of dtype string must have an array of Uint8Array as data");
    }
  } else {
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
    if (!(data instanceof array)) {
      throw errors.tensorInvalid(name, `of dtype ${dtype} must have a ${array.name} as data`);
    }
    count *= entriesPerElement;
  }
  if (data.length !== count) {
    throw errors.tensorInvalid(
      name,
      `of shape [${shape}] and dtype ${dtype} must have ${count} entries; got ${data.length}`,
    );
  }
}

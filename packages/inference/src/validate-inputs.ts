import { messageOf } from "@serving-kit/core";
import { NUMERIC_DTYPES } from "./dtype.js";
import { errors } from "./errors.js";
import type { Predictor } from "./predictor.js";
import { DEFAULT_SIGNATURE, type Signature, type TensorSpec } from "./signature.js";
import { elementCount, type Tensor, type Tensors } from "./tensor.js";

/**
 * Finds a signature by name; undefined if there is none.
 *
 * @throws ServingError UNIMPLEMENTED / SIGNATURE_UNSUPPORTED for a signature that cannot be called, with the reason.
 */
export function findSignature(
  { signatures, uncallable }: Pick<Predictor, "signatures" | "uncallable">,
  name: string = DEFAULT_SIGNATURE,
): Signature | undefined {
  const refused = uncallable?.get(name);
  if (refused === undefined) return signatures.get(name);
  throw errors.signatureUnsupported(name, reasonOf(refused));
}

/** Returns why a signature cannot be called. */
export function reasonOf({
  opaqueInputs = new Map(),
  opaqueOutputs = new Map(),
}: Signature): string {
  for (const [side, tensors] of [
    ["input", opaqueInputs],
    ["output", opaqueOutputs],
  ] as const) {
    for (const [name, { problem }] of tensors) return `${side} "${name}" ${problem}`;
  }
  return "it has no inputs and outputs";
}

/**
 * Finds a signature by name. Throws SIGNATURE_NOT_FOUND (INVALID_ARGUMENT) with the known names, or as `findSignature`
 * does.
 */
export function signatureOf(
  predictor: Pick<Predictor, "signatures" | "uncallable">,
  name: string = DEFAULT_SIGNATURE,
): Signature {
  const signature = findSignature(predictor, name);
  if (signature === undefined) throw errors.signatureNotFound(name, predictor.signatures.keys());
  return signature;
}

/**
 * Checks inputs against a signature: each required input is present, no input is unknown, and each has the dtype of the
 * signature and as many elements as its own shape says. Checks shapes only if the signature `checksShapes`.
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

/**
 * Checks the requested outputs and returns the names to compute: all outputs if none is requested.
 *
 * @throws ServingError INVALID_ARGUMENT / OUTPUT_NOT_FOUND; UNIMPLEMENTED / OUTPUT_UNSUPPORTED for an output that
 * cannot be returned, even if it is only requested as one of all outputs.
 */
export function validateOutputs(
  signature: Signature,
  outputs: readonly string[] | undefined,
): readonly string[] {
  const { outputs: known, opaqueOutputs } = signature;
  const wanted = outputs?.length ? outputs : [...known.keys(), ...(opaqueOutputs?.keys() ?? [])];
  for (const name of wanted) {
    if (known.has(name)) continue;
    const opaque = opaqueOutputs?.get(name);
    if (opaque) throw errors.outputUnsupported(name, opaque.problem, known.keys());
    throw errors.outputNotFound(name, known.keys());
  }
  return wanted;
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

/** Returns whether a shape has the rank of `expected` and the same extents, except those that are -1. */
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

import { isServingError, messageOf } from "@serving-kit/core";
import { type DType, isDType } from "./dtype.js";
import { errors } from "./errors.js";
import { listToTensor } from "./list-to-tensor.js";
import type { Predictor } from "./predictor.js";
import type { AnyTensor, Tensor, Tensors } from "./tensor.js";
import { TensorRecord } from "./tensor-record.js";
import { toTensor, toTensors } from "./to-tensor.js";
import { kindOf, tagOf } from "./typed-array.js";
import { signatureOf } from "./validate-inputs.js";

/**
 * Converts the inputs of a call to tensors, as `toTensors` does for the named signature. A predictor that takes any
 * tensors (S16 of `Predictor`) has no signature; each tensor then has the dtype of its value.
 *
 * @throws ServingError as `signatureOf` and `toTensors`.
 */
export function callTensors(
  predictor: Pick<Predictor, "signatures" | "uncallable" | "respond">,
  signature: string | undefined,
  inputs: unknown,
): Tensors {
  if (takesAnyTensors(predictor)) return anyTensors(inputs);
  return toTensors(signatureOf(predictor, signature), inputs);
}

/** Returns whether `predict` takes any tensors: S16 of `Predictor`. */
export const takesAnyTensors = (predictor: Pick<Predictor, "respond">): boolean =>
  predictor.respond !== undefined;

/** Converts values by name to tensors, without a signature. */
export function anyTensors(inputs: unknown): Tensors {
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs)) {
    throw errors.inputsInvalid([], kindOf(inputs));
  }
  try {
    const tensors = new TensorRecord();
    for (const [name, value] of Object.entries(inputs)) tensors[name] = anyTensor(value, name);
    return tensors;
  } catch (error) {
    if (isServingError(error)) throw error;
    throw errors.inputsInvalid([], `values that cannot be read: ${messageOf(error)}`);
  }
}

/** Converts a value to a tensor of its own dtype: numbers become float64, bigints int64. */
function anyTensor(value: unknown, name: string): Tensor {
  const { dtype, shape, data } = (value ?? {}) as Partial<AnyTensor>;
  if (data !== undefined && shape !== undefined && isDType(String(dtype))) {
    return toTensor(value, { dtype: dtype as DType, shape: null }, name);
  }
  if (ArrayBuffer.isView(value)) {
    const own = DTYPES[tagOf(value)];
    if (own !== undefined) return toTensor(value, { dtype: own, shape: null }, name);
  }
  return listToTensor(value, { dtype: dtypeOfList(value), shape: null }, name);
}

/** The dtype of each class of typed array. */
const DTYPES: { readonly [tag: string]: DType } = {
  __proto__: null as never,
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};

function dtypeOfList(value: unknown): DType {
  let one = value;
  for (let level = 0; Array.isArray(one) && level < 255; level++) one = one[0];
  if (typeof one === "string" || one instanceof Uint8Array) return "string";
  if (typeof one === "boolean") return "bool";
  if (typeof one === "bigint") return "int64";
  return (ArrayBuffer.isView(one) && DTYPES[tagOf(one)]) || "float64";
}

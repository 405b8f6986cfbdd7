import { isServingError, messageOf } from "@serving-kit/core";
import { type DType, NUMERIC_DTYPES, type NumericDType } from "./dtype.js";
import { errors } from "./errors.js";
import { listToTensor } from "./list-to-tensor.js";
import type { ValuesOf } from "./model-type.js";
import type { Signature, TensorSpec } from "./signature.js";
import type { Tensor, Tensors } from "./tensor.js";
import { TensorRecord } from "./tensor-record.js";
import { kindOf, tagOf, typedArrayOf } from "./typed-array.js";
import { validateTensor } from "./validate-inputs.js";
import { filled } from "./value-shape.js";

/**
 * Converts a value to the tensor that a spec describes. docs/values.md has the table of cases.
 *
 * - W1 A Tensor of the dtype is returned as it is; its own shape counts.
 * - W2 A typed array of the dtype, or a flat list, fills a shape with at most one unknown extent.
 * - W3 Nested lists of full rank keep their own extents. Nested lists of one rank less are one row. A scalar is one
 *   row of a shape of rank 1.
 * - W4 A list of typed arrays is a batch of rows, each of which fills the rest of the shape.
 * - W5 If the rank is unknown, the extents are those of the value.
 * - W6 A number is rounded to the nearest value of a float dtype. No other element is changed.
 * - W7 Typed arrays are not copied; the tensor shares their memory. Lists are copied.
 * - W8 Any other value is an error that says what to write: another dtype's typed array, ragged lists, a fraction for
 *   an integer, a finite number that the dtype cannot hold, null, a cyclic list. Reading a value never takes more
 *   than 2^27 elements and 254 levels.
 *
 * @param name The name of the tensor, for messages. Default `value`.
 * @throws ServingError INVALID_ARGUMENT with one of TENSOR_INVALID, TENSOR_DTYPE_MISMATCH, TENSOR_SHAPE_MISMATCH.
 *
 * @example
 * ```ts
 * toTensor([[1, 2], [3, 4]], spec.float32([-1, 2])); // a tensor of shape [2, 2]
 * ```
 */
export function toTensor<P extends TensorSpec>(
  value: ValuesOf<P>,
  spec: P,
  name?: string,
): Tensor<P["dtype"]>;
export function toTensor(value: unknown, spec: TensorSpec, name?: string): Tensor;
export function toTensor(value: unknown, spec: TensorSpec, name = "value"): Tensor {
  try {
    return convert(value, spec, name);
  } catch (error) {
    // A revoked proxy, or a getter that throws.
    if (isServingError(error)) throw error;
    throw errors.tensorInvalid(name, `cannot be read: ${messageOf(error)}`);
  }
}

/**
 * Converts the inputs of a call to tensors: `toTensor` of each. An optional input may be absent or undefined.
 *
 * @throws ServingError INVALID_ARGUMENT with one of INPUTS_INVALID, INPUT_MISSING, INPUT_UNEXPECTED, or as `toTensor`.
 */
export function toTensors(signature: Pick<Signature, "inputs">, inputs: unknown): Tensors {
  try {
    return convertAll(signature, inputs);
  } catch (error) {
    if (isServingError(error)) throw error;
    throw errors.inputsInvalid(signature.inputs.keys(), `they cannot be read: ${messageOf(error)}`);
  }
}

function convertAll({ inputs: specs }: Pick<Signature, "inputs">, inputs: unknown): Tensors {
  if (!isRecord(inputs)) throw errors.inputsInvalid(specs.keys(), kindOf(inputs));
  const tensors = new TensorRecord();
  let count = 0;
  for (const [name, spec] of specs) {
    const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (value !== undefined) {
      tensors[name] = toTensor(value, spec, name);
      count++;
    } else if (!spec.isOptional) throw errors.inputMissing(name, Object.keys(inputs));
  }
  for (const _ in inputs) count--;
  if (count === 0) return tensors;
  for (const name of Object.keys(inputs)) {
    if (!specs.has(name)) throw errors.inputUnexpected(name, specs.keys());
  }
  return tensors;
}

function convert(value: unknown, spec: TensorSpec, name: string): Tensor {
  const { dtype } = spec;
  if (dtype !== "string") {
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype as NumericDType];
    if (value instanceof array) return fromTyped(value, spec, entriesPerElement, name);
  }
  if (Array.isArray(value) || SCALARS.has(typeof value)) return listToTensor(value, spec, name);
  if (ArrayBuffer.isView(value)) {
    if (dtype === "string") return listToTensor(value, spec, name);
    const typed = typedArrayOf(dtype as NumericDType, value);
    if (typed === undefined) throw errors.typedArrayMismatch(name, spec, value);
    return fromTyped(typed, spec, NUMERIC_DTYPES[dtype as NumericDType].entriesPerElement, name);
  }
  return fromObject(value, spec, name);
}

/** The JavaScript types that represent one element. */
const SCALARS: ReadonlySet<string> = new Set(["number", "bigint", "boolean", "string"]);

function fromTyped(
  data: { readonly length: number },
  { dtype, shape }: TensorSpec,
  entriesPerElement: number,
  name: string,
): Tensor {
  const count = data.length / entriesPerElement;
  return { dtype, shape: filled(shape, count, dtype, name), data: data as Tensor["data"] };
}

function fromObject(value: unknown, spec: TensorSpec, name: string): Tensor {
  const { dtype, shape, data } = (value ?? {}) as Partial<Tensor>;
  if (dtype !== undefined && shape !== undefined && data !== undefined) {
    validateTensor(name, spec, value as Tensor);
    return value as Tensor;
  }
  throw errors.valueUnfit(name, spec, kindOf(value), remedyOf(value, spec.dtype));
}

function remedyOf(value: unknown, dtype: DType): string {
  if (value === null || value === undefined) {
    return "write a number for a missing value, such as NaN, or leave an optional input out";
  }
  if (typeof value !== "object") return "pass a tensor, a typed array or an array";
  const name = tagOf(value);
  if (value instanceof ArrayBuffer || name === "SharedArrayBuffer") {
    return dtype === "string"
      ? "pass new Uint8Array(it)"
      : `pass new ${NUMERIC_DTYPES[dtype as NumericDType].array.name}(it)`;
  }
  if (name === "Promise") return "await it first";
  if (Symbol.iterator in value) return "pass an array, such as [...it]";
  return "pass a tensor, a typed array or an array";
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value);

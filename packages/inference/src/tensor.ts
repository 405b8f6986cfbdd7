import { type DType, NUMERIC_DTYPES, type NumericDType, type TensorData } from "./dtype.js";
import { plainElements } from "./plain-elements.js";
import type { Shape } from "./signature.js";

/**
 * An n-dimensional array: element type, shape and elements in row-major order.
 *
 * A scalar has shape `[]` and one element. A tensor is a value: do not write to its data after you have passed it on.
 *
 * @example
 * ```ts
 * const image: Tensor = { dtype: "float32", shape: [1, 64], data: pixels };
 * ```
 */
export interface Tensor<D extends DType = DType, S = Shape> {
  readonly dtype: D;
  /** The extent of each dimension, integers >= 0. An extent that a spec leaves open is `number` in the type. */
  readonly shape: Extents<S>;
  readonly data: TensorData[D];
}

type Extents<S> = S extends readonly number[]
  ? { readonly [I in keyof S]: -1 extends S[I] ? number : S[I] }
  : readonly number[];

/**
 * A tensor whose `dtype` narrows the type of its `data`.
 *
 * @example
 * ```ts
 * const sum = (of: AnyTensor) => (of.dtype === "float32" ? of.data.reduce((a, b) => a + b, 0) : Number.NaN);
 * ```
 */
export type AnyTensor = { [D in DType]: Tensor<D> }[DType];

/**
 * Tensors by name: the inputs or outputs of a call.
 *
 * @example
 * ```ts
 * const inputs: Tensors = { image: tensor("float32", [1, 64], pixels) };
 * ```
 */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A `Float16Array`, which Node has since version 24. */
interface Float16Elements extends ArrayBufferView {
  readonly length: number;
  readonly [Symbol.toStringTag]: "Float16Array";
}

type TensorElements<D extends DType> =
  | TensorData[D]
  | (D extends "float16" ? Float16Elements : never)
  | (D extends "string"
      ? readonly (string | Uint8Array)[]
      : D extends "int64" | "uint64"
        ? readonly (bigint | number)[]
        : D extends "bool"
          ? readonly (boolean | number)[]
          : readonly number[]);

const decoder = new TextDecoder();

/**
 * Makes a tensor and checks that the elements fill the shape.
 *
 * A typed array of the dtype is used without a copy; the caller must not write to it afterwards. For float16, that is a
 * Uint16Array with the bits, or a Float16Array, whose memory the tensor shares. Plain arrays are copied: numbers,
 * bigints for int64 and uint64, booleans for bool, strings (as UTF-8) or bytes for string; two numbers, real and
 * imaginary, for a complex element. Floats are rounded to the nearest number of the dtype; no other value is changed.
 *
 * @throws TypeError if the array is not of the dtype, or an element has another type; RangeError if the length does not
 * match the shape, a dimension is not an integer >= 0, or the dtype cannot hold an element: it is beyond the dtype's
 * limits, or a fraction in an integer dtype.
 *
 * @example
 * ```ts
 * tensor("float32", [2, 2], [1, 2, 3, 4]);
 * tensor("string", [2], ["cat", "dog"]);
 * ```
 */
export function tensor<D extends DType>(
  dtype: D,
  shape: readonly number[],
  elements: TensorElements<D>,
): Tensor<D> {
  const count = elementCount(shape);
  const data = toData(dtype, elements as ArrayLike<unknown>);
  const width = dtype === "string" ? 1 : NUMERIC_DTYPES[dtype as NumericDType].entriesPerElement;
  if (data.length !== count * width) {
    throw new RangeError(
      `shape [${shape}] of ${dtype} takes ${count * width} entries; got ${data.length}`,
    );
  }
  return { dtype, shape, data: data as TensorData[D] };
}

/** Maximum rank. TensorFlow aborts the process above it. */
const MAX_RANK = 254;

/**
 * Returns the number of elements of a shape: the product of its dimensions, 1 for a scalar.
 *
 * @throws RangeError for a dimension that is not an integer >= 0, for more than 254 dimensions, and if the product of
 * the non-zero dimensions exceeds 2^53 - 1: TensorFlow aborts the process if that product overflows, even if another
 * dimension is 0.
 */
export function elementCount(shape: readonly number[]): number {
  if (shape.length > MAX_RANK) {
    throw new RangeError(`a shape must have at most ${MAX_RANK} dimensions; got ${shape.length}`);
  }
  let product = 1;
  let isEmpty = false;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new RangeError(`a dimension must be an integer >= 0; got shape [${shape}]`);
    }
    if (dimension === 0) isEmpty = true;
    else product *= dimension;
  }
  if (product > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(
      `the dimensions of a shape must multiply to less than 2^53; got [${shape}]`,
    );
  }
  return isEmpty ? 0 : product;
}

/**
 * Returns the elements of a string tensor as strings, decoded as UTF-8.
 *
 * @example
 * ```ts
 * stringsOf(tensor("string", [2], ["cat", "dog"])); // ["cat", "dog"]
 * ```
 */
export function stringsOf(strings: Tensor<"string">): string[] {
  return strings.data.map((bytes) => decoder.decode(bytes));
}

function toData(dtype: DType, elements: ArrayLike<unknown>): ArrayLike<unknown> {
  if (Array.isArray(elements)) return plainElements(dtype, elements);
  const got = Object.prototype.toString.call(elements).slice(8, -1);
  if (dtype === "string") throw new TypeError(`elements of string must be an array; got ${got}`);
  const { array } = NUMERIC_DTYPES[dtype];
  if (elements instanceof array) return elements;
  if (dtype === "float16" && got === "Float16Array" && ArrayBuffer.isView(elements)) {
    return new Uint16Array(elements.buffer, elements.byteOffset, elements.length);
  }
  throw new TypeError(`elements of ${dtype} must be a ${array.name} or an array; got ${got}`);
}

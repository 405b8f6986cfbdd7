import type { DType } from "./dtype.js";
import { BFLOAT16, FLOAT16, fromHalfFloat } from "./half-float.js";
import { elementCount, type Tensor } from "./tensor.js";

/** The JavaScript value of one element of a dtype. A complex number is a pair of its real and imaginary parts. */
export type PlainElementOf<D extends DType> = D extends "string"
  ? string
  : D extends "bool"
    ? boolean
    : D extends "int64" | "uint64"
      ? bigint
      : D extends "complex64" | "complex128"
        ? [number, number]
        : number;

type Levels<E, S> = number[] extends S
  ? unknown
  : S extends readonly []
    ? E
    : S extends readonly [unknown, ...infer Rest]
      ? Levels<E, Rest>[]
      : unknown;

/** The type of a tensor's nested arrays. `unknown` if the tensor's type does not have its rank. */
export type NestedOf<T extends Tensor> =
  T extends Tensor<infer D> ? Levels<PlainElementOf<D>, T["shape"]> : never;

/** Maximum number of empty lists: an empty tensor costs nothing, but its nested arrays do. */
const MAX_EMPTY_LISTS = 2 ** 20;

const decoder = new TextDecoder();

/**
 * Returns the elements of a tensor as nested arrays, or a single element for a scalar: numbers, bigints for int64 and
 * uint64, booleans for bool, strings decoded as UTF-8, pairs for complex numbers. float16 and bfloat16 are decoded to
 * numbers.
 *
 * @throws RangeError if the data does not fill the shape.
 *
 * @example
 * ```ts
 * nestedOf(tensor("float32", [2, 2], [1, 2, 3, 4])); // [[1, 2], [3, 4]]
 * ```
 */
export function nestedOf<const T extends Tensor>(tensor: T): NestedOf<T> {
  checkFilled(tensor);
  const { shape } = tensor;
  const element = readerOf(tensor);
  let index = 0;
  const level = (depth: number): unknown =>
    depth === shape.length
      ? element(index++)
      : Array.from({ length: shape[depth] as number }, () => level(depth + 1));
  return level(0) as NestedOf<T>;
}

/**
 * Returns the rows of a tensor: for each index of dimension 0, the matching part of `data`. Rows share the memory of
 * the tensor.
 *
 * @throws RangeError for a scalar, which has no rows.
 *
 * @example
 * ```ts
 * const [first] = rowsOf(tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6])); // Float32Array [1, 2, 3]
 * ```
 */
export function rowsOf<D extends DType>(tensor: Tensor<D>): Tensor<D>["data"][] {
  const { shape, data } = tensor as Tensor;
  const [count] = shape;
  if (count === undefined) throw new RangeError("a scalar has no rows; use data[0] or nestedOf");
  const width = count === 0 ? 0 : data.length / count;
  const row = (i: number) =>
    Array.isArray(data)
      ? data.slice(i * width, (i + 1) * width)
      : (data as Float32Array).subarray(i * width, (i + 1) * width);
  return Array.from({ length: count }, (_, i) => row(i) as unknown as Tensor<D>["data"]);
}

function readerOf({ dtype, data }: Tensor): (index: number) => unknown {
  const entries = data as unknown as ArrayLike<never>;
  switch (dtype) {
    case "string":
      return (i) => decoder.decode(entries[i]);
    case "bool":
      return (i) => Boolean(entries[i]);
    case "float16":
      return (i) => fromHalfFloat(entries[i] as never, FLOAT16);
    case "bfloat16":
      return (i) => fromHalfFloat(entries[i] as never, BFLOAT16);
    case "complex64":
    case "complex128":
      return (i) => [entries[2 * i], entries[2 * i + 1]];
    default:
      return (i) => entries[i];
  }
}

function checkFilled({ dtype, shape, data }: Tensor): void {
  const count = elementCount(shape);
  const firstEmpty = shape.indexOf(0);
  if (firstEmpty > 0 && elementCount(shape.slice(0, firstEmpty)) > MAX_EMPTY_LISTS) {
    throw new RangeError(`a tensor of shape [${shape}] has too many empty rows for nested arrays`);
  }
  const width = dtype === "complex64" || dtype === "complex128" ? 2 : 1;
  if (data.length === count * width) return;
  throw new RangeError(
    `a tensor of shape [${shape}] and ${dtype} must have ${count * width} entries; got ${data.length}`,
  );
}

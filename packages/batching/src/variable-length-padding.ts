import { messageOf } from "@serving-kit/core";
import { type DType, NUMERIC_DTYPES, plainElement, type Tensor } from "@serving-kit/inference";
import { errors } from "./errors.js";

/** Options for padding an input of variable shape to one shape for all tasks of a batch. */
export interface VariableLengthPadding {
  /**
   * The fill value, as `tensor` takes it for the input's dtype: a number (for both parts of a complex element), a
   * bigint for int64 and uint64, a boolean for bool, bytes for string. Default `"first-element"`: the first element of
   * each task's own tensor, as in TF Serving.
   */
  readonly value?: number | bigint | boolean | Uint8Array | "first-element";
  /** The side to pad: after the elements, the default, or before them. */
  readonly side?: "end" | "start";
  /**
   * The lengths that dimensions are padded to, ascending: the smallest that holds the longest of the batch. Lengths
   * beyond the last bucket are padded to the longest of the batch. Default none. With buckets, a model sees few shapes,
   * and a batch of one task is padded too.
   */
  readonly buckets?: readonly number[];
}

/** Checks the options for an input of this dtype. Throws BATCHING_OPTIONS_INVALID. */
export function checkPadding(
  name: string,
  dtype: DType | undefined,
  { buckets = [], side = "end", value = "first-element" }: VariableLengthPadding,
): void {
  const isRising = buckets.every((length, i) => length > (buckets[i - 1] ?? 0));
  if (!isRising || !buckets.every(Number.isSafeInteger)) {
    throw errors.invalidOptions(
      `buckets of "${name}" must be rising integers >= 1; got [${buckets}]`,
    );
  }
  if (side !== "end" && side !== "start") {
    throw errors.invalidOptions(`side of "${name}" must be "end" or "start"; got ${side}`);
  }
  if (value === "first-element" || dtype === undefined) return;
  try {
    plainElement(dtype, value);
  } catch (error) {
    throw errors.invalidOptions(`value of "${name}": ${messageOf(error)}`);
  }
}

/**
 * Returns the shape that all tensors are padded to: in every dimension but 0, the longest extent, or the bucket that
 * holds it. `variable` says which dimensions the signature leaves open; only these have buckets.
 *
 * @throws ServingError FAILED_PRECONDITION / BATCH_SHAPES_DIFFER if their ranks differ.
 */
export function commonShape(
  name: string,
  tensors: readonly Tensor[],
  buckets: readonly number[],
  variable: readonly number[] | null,
): number[] {
  const [first] = tensors as readonly [Tensor];
  const common = [...first.shape];
  for (const { shape } of tensors) {
    if (shape.length !== common.length) throw errors.shapesDiffer(name, first.shape, shape);
    for (let i = 1; i < shape.length; i++)
      common[i] = Math.max(common[i] as number, shape[i] as number);
  }
  for (let i = 1; i < common.length; i++) {
    if (variable !== null && variable[i] !== -1) continue;
    common[i] = buckets.find((length) => length >= (common[i] as number)) ?? (common[i] as number);
  }
  return common;
}

/** Copies a tensor, padded to the row shape of `shape`, into `target` from the entry `offset` on. */
export function copyPadded(
  target: unknown[],
  offset: number,
  tensor: Tensor,
  shape: readonly number[],
  { value = "first-element", side = "end" }: VariableLengthPadding,
): void {
  const width = tensor.dtype === "string" ? 1 : NUMERIC_DTYPES[tensor.dtype].entriesPerElement;
  const source = tensor.data as unknown as ArrayLike<unknown>;
  const strides = stridesOf(shape, width);
  const count = (tensor.shape[0] as number) * (strides[0] as number);
  if (source.length < count) fill(target, offset, count, width, tensor, value);
  if (source.length === 0) return;
  const last = shape.length - 1;
  // The contiguous parts of both: the rows themselves for rank 1, runs of the last dimension above.
  const run = last === 0 ? width : (tensor.shape[last] as number) * width;
  const runs = source.length / run;
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0, read = 0; i < runs; i++, read += run) {
    let write = offset;
    for (let d = 0; d <= last; d++) {
      const shift =
        side === "start" && d > 0 ? (shape[d] as number) - (tensor.shape[d] as number) : 0;
      write += ((index[d] as number) + shift) * (strides[d] as number);
    }
    for (let k = 0; k < run; k++) target[write + k] = source[read + k];
    for (let d = last === 0 ? 0 : last - 1; d >= 0; d--) {
      index[d] = (index[d] as number) + 1;
      if ((index[d] as number) < (tensor.shape[d] as number)) break;
      index[d] = 0;
    }
  }
}

function fill(
  target: unknown[],
  offset: number,
  count: number,
  width: number,
  { dtype, data }: Tensor,
  value: NonNullable<VariableLengthPadding["value"]>,
): void {
  const source = data as unknown as ArrayLike<unknown>;
  for (let part = 0; part < width; part++) {
    const filling =
      value === "first-element" ? (source[part] ?? nothingOf(dtype)) : plainElement(dtype, value);
    for (let i = offset + part; i < offset + count; i += width) target[i] = filling;
  }
}

function nothingOf(dtype: Tensor["dtype"]): unknown {
  if (dtype === "string") return new Uint8Array();
  return dtype === "int64" || dtype === "uint64" ? 0n : 0;
}

function stridesOf(shape: readonly number[], width: number): number[] {
  const strides = new Array<number>(shape.length);
  let stride = width;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d] as number;
  }
  return strides;
}

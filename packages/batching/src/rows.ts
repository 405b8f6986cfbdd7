import {
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  type TensorData,
  type Tensors,
} from "@serving-kit/inference";

/** The typed array of any dtype; rows only need these members. */
type NumericData = Float32Array;

/** Maximum bytes of rows that are copied out of a batch; larger parts are views. */
const MAX_COPIED_BYTES = 16384;

/** Returns the number of data entries per row: the product of all dimensions but the first. */
export function entriesPerRow({ dtype, shape }: Pick<Tensor, "dtype" | "shape">): number {
  let entries = dtype === "string" ? 1 : NUMERIC_DTYPES[dtype].entriesPerElement;
  for (let i = 1; i < shape.length; i++) entries *= shape[i] as number;
  return entries;
}

/** Returns `count` rows of a tensor from `from` on, without copying numbers. */
export function viewRows(tensor: Tensor, from: number, count: number): Tensor {
  const entries = entriesPerRow(tensor);
  const begin = from * entries;
  return withRows(tensor, count, rangeOf(tensor, begin, begin + count * entries));
}

/**
 * Takes rows out of the output of a batch: a copy if they are small, so that a caller who keeps its rows does not keep
 * those of all others; a view if copying would take long.
 */
export function takeRows(tensor: Tensor, entries: number, from: number, count: number): Tensor {
  const begin = from * entries;
  const end = begin + count * entries;
  if (tensor.dtype === "string") return withRows(tensor, count, rangeOf(tensor, begin, end));
  const data = tensor.data as NumericData;
  const isSmall = (end - begin) * data.BYTES_PER_ELEMENT <= MAX_COPIED_BYTES;
  return withRows(tensor, count, isSmall ? data.slice(begin, end) : data.subarray(begin, end));
}

/** Returns the rows of each tensor, as `viewRows` does. */
export function viewRowsOfAll(tensors: Tensors, from: number, count: number): Tensors {
  return mapTensors(tensors, (tensor) => viewRows(tensor, from, count));
}

/** Applies a function to each tensor, by name. */
export function mapTensors(
  tensors: Tensors,
  convert: (tensor: Tensor, name: string) => Tensor,
): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, convert(tensor, name)]),
  );
}

/** Returns a zeroed array for this many entries of a dtype. */
export function newData(dtype: NumericDType, entries: number): NumericData {
  return new NUMERIC_DTYPES[dtype].array(entries) as NumericData;
}

function rangeOf({ data }: Tensor, begin: number, end: number): unknown {
  return Array.isArray(data) ? data.slice(begin, end) : (data as NumericData).subarray(begin, end);
}

function withRows({ dtype, shape }: Tensor, rows: number, data: unknown): Tensor {
  const rowsShape = shape.slice();
  rowsShape[0] = rows;
  return { dtype, shape: rowsShape, data: data as TensorData[typeof dtype] };
}

import {
  type DType,
  elementCount,
  NUMERIC_DTYPES,
  type NumericDType,
  type Shape,
  type Tensor,
  type TensorData,
} from "@serving-kit/inference";
import { copyMemory, viewMemory, workerThreads } from "@serving-kit/native-library";
import { OrtFailure } from "../ort-failure.js";
import { dtypeOf, elementTypeName, elementTypeOf } from "./element-type.js";
import { pack4, packedBytes, unpack4 } from "./four-bits.js";
import type { OnnxRuntime } from "./library.js";
import { counts } from "./native-counts.js";

/** A native tensor of a fixed dtype and shape whose memory JavaScript uses. */
export interface TensorCell {
  /** The address of its `OrtValue`. */
  readonly value: bigint;
  readonly dtype: NumericDType;
  readonly shape: readonly number[];
  readonly data: TensorData[NumericDType];
}

/** Minimum size in bytes for which `allocate` returns memory: below it, a copy costs less than a view. */
export const MIN_SHOWN_BYTES = 64 * 1024;

/** Cells whose memory a caller has, by buffer. */
const allocated = new WeakMap<ArrayBufferLike, TensorCell>();

/** Frees the cells of buffers that were garbage-collected. */
const collected = new FinalizationRegistry<() => void>((free) => free());

/** `ONNX_TYPE_TENSOR`. */
const TENSOR = 1n;

/** Converts tensors to native tensors and back. */
export class TensorValues {
  readonly #runtime: OnnxRuntime;
  readonly #slot = new BigUint64Array(1);

  constructor(runtime: OnnxRuntime) {
    this.#runtime = runtime;
  }

  /** Returns a native tensor with a copy of the elements. Free it with `free`. */
  create(tensor: Tensor): bigint {
    const { dtype, shape, data } = tensor;
    const value = this.#allocate(dtype, shape);
    try {
      if (dtype === "string") this.#writeStrings(value, data as readonly Uint8Array[]);
      else {
        const bytes = elementBytes(dtype, data as Uint8Array);
        if (bytes.byteLength > 0) copyMemory(this.#memoryOf(value), bytes, bytes.byteLength);
      }
      return value;
    } catch (error) {
      this.free(value);
      throw error;
    }
  }

  /** Converts a native tensor to a tensor with its own memory. Does not free the native tensor. */
  read(value: bigint): Tensor {
    const { api, statuses } = this.#runtime;
    if (BigInt.asUintN(32, statuses.out(api.GetValueType, value)) !== TENSOR) {
      throw new OrtFailure("UNIMPLEMENTED", "an output is not a tensor");
    }
    const { dtype, shape } = this.#typeOf(value);
    const count = elementCount(shape);
    if (dtype === "string") return { dtype, shape, data: this.#readStrings(value, count) };
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
    if (dtype === "int4" || dtype === "uint4") {
      const packed = new Uint8Array(packedBytes(count));
      if (count > 0) copyMemory(packed, this.#memoryOf(value), packed.length);
      return { dtype, shape, data: unpack4(packed, count, dtype) } as Tensor;
    }
    const data = new array(count * entriesPerElement);
    if (count > 0) copyMemory(data, this.#memoryOf(value), data.byteLength);
    return { dtype, shape, data } as Tensor;
  }

  /** Returns a native tensor whose memory JavaScript uses; undefined for a dtype such as string. */
  cell(dtype: DType, shape: readonly number[]): TensorCell | undefined {
    if (!hasOwnElements(dtype)) return undefined;
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
    const value = this.#allocate(dtype, shape);
    const bytes = elementCount(shape) * entriesPerElement * array.BYTES_PER_ELEMENT;
    const memory = bytes === 0 ? new ArrayBuffer(0) : viewMemory(this.#memoryOf(value), bytes);
    return { value, dtype, shape, data: new array(memory) };
  }

  /** Returns memory for an input that `cellOf` recognizes; undefined if a copy costs less. */
  show<D extends NumericDType>(dtype: D, shape: readonly number[]): Tensor<D> | undefined {
    if (!hasOwnElements(dtype)) return undefined;
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
    const bytes = elementCount(shape) * entriesPerElement * array.BYTES_PER_ELEMENT;
    if (bytes < MIN_SHOWN_BYTES) return undefined;
    const cell = this.cell(dtype, [...shape]) as TensorCell;
    const { buffer } = cell.data;
    // Another thread could still use the memory when this thread's buffer is garbage-collected.
    workerThreads().markAsUntransferable(buffer);
    allocated.set(buffer, cell);
    collected.register(buffer, () => this.free(cell.value));
    return { dtype, shape: cell.shape, data: cell.data } as Tensor<D>;
  }

  /** Takes ownership of native tensors that a run created; 0 means none. */
  own(values: BigUint64Array): void {
    for (const value of values) if (value !== 0n) counts.values++;
  }

  free(value: bigint): void {
    counts.values--;
    this.#runtime.api.ReleaseValue(value);
  }

  #allocate(dtype: DType, shape: readonly number[]): bigint {
    const { api, statuses, allocator } = this.#runtime;
    const dims = BigInt64Array.from(shape, BigInt);
    const { CreateTensorAsOrtValue } = api;
    const type = elementTypeOf(dtype);
    const value = statuses.out(CreateTensorAsOrtValue, allocator, dims, dims.length, type);
    counts.values++;
    return value;
  }

  #memoryOf(value: bigint): bigint {
    return this.#runtime.statuses.out(this.#runtime.api.GetTensorMutableData, value);
  }

  #typeOf(value: bigint): { readonly dtype: DType; readonly shape: readonly number[] } {
    const { api, statuses } = this.#runtime;
    const info = statuses.out(api.GetTensorTypeAndShape, value);
    try {
      const type = Number(BigInt.asUintN(32, statuses.out(api.GetTensorElementType, info)));
      const dtype = dtypeOf(type);
      if (dtype === undefined) {
        const problem = `an output has elements of type ${elementTypeName(type)}`;
        throw new OrtFailure("UNIMPLEMENTED", problem);
      }
      const rank = Number(statuses.out(api.GetDimensionsCount, info));
      const dims = new BigInt64Array(rank);
      if (rank > 0) statuses.check(api.GetDimensions(info, dims, rank));
      return { dtype, shape: Array.from(dims, Number) };
    } finally {
      api.ReleaseTensorTypeAndShapeInfo(info);
    }
  }

  #writeStrings(value: bigint, strings: readonly Uint8Array[]): void {
    const { api, statuses } = this.#runtime;
    for (const [i, bytes] of strings.entries()) {
      if (bytes.length === 0) continue;
      const { GetResizedStringTensorElementBuffer: resize } = api;
      statuses.check(resize(value, i, bytes.length, this.#slot));
      copyMemory(this.#slot[0] as bigint, bytes, bytes.length);
    }
  }

  #readStrings(value: bigint, count: number): readonly Uint8Array[] {
    if (count === 0) return [];
    const { api, statuses } = this.#runtime;
    const length = Number(statuses.out(api.GetStringTensorDataLength, value));
    // An empty array has no address.
    const bytes = new Uint8Array(Math.max(length, 1));
    const offsets = new BigUint64Array(count);
    statuses.check(api.GetStringTensorContent(value, bytes, length, offsets, count));
    return Array.from(offsets, (offset, i) => {
      const end = i + 1 < count ? Number(offsets[i + 1]) : length;
      return bytes.slice(Number(offset), end);
    });
  }
}

/** Returns the cell of an input that uses the whole memory of `show`. */
export function cellOf({ dtype, shape, data }: Tensor): TensorCell | undefined {
  if (dtype === "string") return undefined;
  const { buffer, byteLength } = data as Uint8Array;
  if (byteLength < MIN_SHOWN_BYTES) return undefined;
  const cell = allocated.get(buffer);
  const isWhole = cell?.dtype === dtype && cell.data.byteLength === byteLength;
  return isWhole && sameShape(cell.shape, shape) ? cell : undefined;
}

export function sameShape(a: readonly number[], b: Shape): boolean {
  if (b === null || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Returns whether the elements have the same memory layout in the kit and in ONNX Runtime. */
const hasOwnElements = (dtype: DType): dtype is NumericDType =>
  dtype !== "string" && dtype !== "int4" && dtype !== "uint4";

function elementBytes(dtype: NumericDType, data: Uint8Array): Uint8Array {
  return dtype === "int4" || dtype === "uint4" ? pack4(data) : data;
}

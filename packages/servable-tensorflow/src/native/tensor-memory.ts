import {
  elementCount,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  type TensorData,
} from "@serving-kit/inference";
import { copyMemory, viewMemory, workerThreads } from "@serving-kit/native-library";
import { DATA_TYPES, dataTypeName, dtypeOf } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";
import type { Bindings } from "./bindings.js";
import { counts } from "./native-counts.js";
import { readStrings, TSTRING_BYTES, writeStrings } from "./tensor-strings.js";

/**
 * Minimum size in bytes at which an output is viewed instead of copied. Measured: a view, with the finalizer that frees
 * its tensor, costs as much as copying 16 KiB; but short-lived views wait for the garbage collector.
 */
const VIEW_BYTES = 64 * 1024;

/** Native tensors whose memory JavaScript uses, by the buffer over that memory. */
const shown = new WeakMap<ArrayBufferLike, { pointer: bigint; dtype: string; shape: string }>();

/** Frees the tensor of a buffer that was garbage-collected. */
const collected = new FinalizationRegistry<() => void>((free) => free());

/**
 * Passing a new JavaScript array to native code takes half a microsecond. Small outputs are read through memory that
 * native code already knows, and copied from there.
 */
const SCRATCH_BYTES = 1024;
const scratchMemory = new ArrayBuffer(SCRATCH_BYTES);
const scratchDims = new BigInt64Array(16);

/** Converts tensors to TF_Tensors and back. The pointers belong to the caller. */
export class TensorMemory {
  readonly #bindings: Bindings;
  readonly #scratch = new Map<NumericDType, TensorData[NumericDType]>();

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
  }

  /**
   * Returns a native tensor with the elements of `tensor`: a copy, or no copy if the elements are in memory that `show`
   * returned. Free it with `free`.
   */
  write(tensor: Tensor): { pointer: bigint; isShown: boolean } {
    const { dtype, shape, data } = tensor;
    if (dtype === "string") {
      const strings = data as readonly Uint8Array[];
      const pointer = this.#allocate(dtype, shape, TSTRING_BYTES * strings.length);
      if (strings.length > 0) {
        writeStrings(this.#bindings, this.#bindings.tensorData(pointer), strings);
      }
      return { pointer, isShown: false };
    }
    const { buffer, byteLength } = data as Uint8Array;
    const known = byteLength >= VIEW_BYTES ? shown.get(buffer) : undefined;
    if (
      known?.dtype === dtype &&
      known.shape === String(shape) &&
      byteLength === buffer.byteLength
    ) {
      return { pointer: known.pointer, isShown: true };
    }
    const pointer = this.#allocate(dtype, shape, byteLength);
    if (byteLength > 0) {
      copyMemory(this.#bindings.tensorData(pointer), data as Uint8Array, byteLength);
    }
    return { pointer, isShown: false };
  }

  /** Returns native memory for a tensor, which JavaScript can use until the garbage collector frees it. */
  show<D extends NumericDType>(dtype: D, shape: readonly number[]): Tensor<D> | undefined {
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
    const bytes = elementCount(shape) * entriesPerElement * array.BYTES_PER_ELEMENT;
    if (bytes < VIEW_BYTES) return undefined;
    const pointer = this.#allocate(dtype, shape, bytes);
    const buffer = this.#view(pointer, this.#bindings.tensorData(pointer), bytes);
    shown.set(buffer, { pointer, dtype, shape: String(shape) });
    return { dtype, shape: [...shape], data: new array(buffer) } as Tensor<D>;
  }

  /** Converts a native tensor and frees it: immediately, or if it is large, when the result is garbage-collected. */
  read(pointer: bigint): Tensor {
    let isViewed = false;
    try {
      const dtype = this.#dtype(pointer);
      const shape = this.#shape(pointer);
      const bytes = Number(this.#bindings.tensorBytes(pointer));
      if (dtype === "string") {
        const count = elementCount(shape);
        const memory = count > 0 ? this.#bindings.tensorData(pointer) : 0n;
        return { dtype, shape, data: readStrings(this.#bindings, memory, count) };
      }
      const { array } = NUMERIC_DTYPES[dtype];
      if (bytes >= VIEW_BYTES) {
        const buffer = this.#view(pointer, this.#bindings.tensorData(pointer), bytes);
        isViewed = true;
        return { dtype, shape, data: new array(buffer) } as Tensor;
      }
      return { dtype, shape, data: this.#copy(pointer, dtype, bytes) } as Tensor;
    } finally {
      if (!isViewed) this.free(pointer);
    }
  }

  free(pointer: bigint): void {
    counts.tensors--;
    this.#bindings.deleteTensor(pointer);
  }

  /** Takes ownership of tensors that a run created. */
  own(count: number): void {
    counts.tensors += count;
  }

  #copy(pointer: bigint, dtype: NumericDType, bytes: number): TensorData[NumericDType] {
    const { array } = NUMERIC_DTYPES[dtype];
    if (bytes === 0) return new array(0);
    const memory: bigint = this.#bindings.tensorData(pointer);
    if (bytes > SCRATCH_BYTES) {
      const data = new array(bytes / array.BYTES_PER_ELEMENT);
      copyMemory(data, memory, bytes);
      return data;
    }
    let scratch = this.#scratch.get(dtype);
    if (scratch === undefined) {
      scratch = new array(scratchMemory);
      this.#scratch.set(dtype, scratch);
    }
    copyMemory(scratch, memory, bytes);
    return scratch.slice(0, bytes / array.BYTES_PER_ELEMENT);
  }

  #allocate(dtype: Tensor["dtype"], shape: readonly number[], bytes: number): bigint {
    const rank = shape.length;
    const dims = rank <= scratchDims.length ? scratchDims : new BigInt64Array(rank);
    for (let i = 0; i < rank; i++) dims[i] = BigInt(shape[i] as number);
    const pointer: bigint | null = this.#bindings.allocateTensor(
      DATA_TYPES[dtype],
      dims,
      rank,
      bytes,
    );
    if (pointer === null)
      throw errors.runFailed("RESOURCE_EXHAUSTED", `no memory for ${bytes} bytes`);
    counts.tensors++;
    return pointer;
  }

  #view(pointer: bigint, memory: bigint, bytes: number): ArrayBuffer {
    const buffer = viewMemory(memory, bytes);
    // Another thread could still use the memory when this thread's buffer is garbage-collected.
    workerThreads().markAsUntransferable(buffer);
    collected.register(buffer, () => this.free(pointer));
    return buffer;
  }

  #dtype(pointer: bigint): Tensor["dtype"] {
    const dataType: number = this.#bindings.tensorType(pointer);
    const dtype = dtypeOf(dataType);
    if (dtype !== undefined) return dtype;
    throw errors.runFailed(
      "UNIMPLEMENTED",
      `the run gave a tensor of type ${dataTypeName(dataType)}, which cannot be given out`,
    );
  }

  #shape(pointer: bigint): number[] {
    const { tensorRank, tensorDimension } = this.#bindings;
    const rank: number = tensorRank(pointer);
    const shape = new Array<number>(rank);
    for (let i = 0; i < rank; i++) shape[i] = Number(tensorDimension(pointer, i));
    return shape;
  }
}

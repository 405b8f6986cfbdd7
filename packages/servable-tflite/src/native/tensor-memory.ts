import { constants } from "node:buffer";
import {
  elementCount,
  inferenceErrors,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  type TensorData,
} from "@serving-kit/inference";
import { viewMemory } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { Bindings } from "./bindings.js";
import { unpackNibbles } from "./nibbles.js";
import { decodeStrings } from "./string-tensor.js";

type NumericData = TensorData[NumericDType];

/** Strings and packed nibbles are handled as bytes. */
const PLAIN = { array: Uint8Array, entriesPerElement: 1 };

/**
 * The memory of one tensor of an interpreter, as seen from JavaScript.
 *
 * TensorFlow Lite keeps a graph's tensors in one vector, which grows when a kernel adds temporary tensors: while memory
 * is allocated and while the model runs (`EnsureTensorsVectorCapacity` in subgraph.h). Every `TfLiteTensor *` is then
 * dangling. So this class keeps no such pointer: it calls `locate` at each use.
 *
 * The view of the data is made once and kept while the data does not move. The view must never leave this package:
 * callers get a copy, which outlives the interpreter.
 */
export class TensorMemory {
  readonly #bindings: Bindings;
  readonly #locate: () => bigint;
  readonly dtype: Tensor["dtype"];
  #data: bigint | null = null;
  /** The address of the memory of `view`. */
  #viewed: bigint | null = null;
  #isDynamic = false;
  /** The current shape: one frozen array, which all tensors share while it does not change. */
  shape: readonly number[] = [];
  /** The current memory; int4 is packed, strings are bytes. */
  view: NumericData = new Uint8Array(0);

  /** `locate` returns the current `TfLiteTensor *` of the tensor. */
  constructor(bindings: Bindings, locate: () => bigint, dtype: Tensor["dtype"]) {
    this.#bindings = bindings;
    this.#locate = locate;
    this.dtype = dtype;
  }

  /** The current `TfLiteTensor *`. Valid until memory is allocated or the model runs: do not keep it. */
  get pointer(): bigint {
    return this.#locate();
  }

  /**
   * Updates shape and view after memory was allocated. A tensor that has no memory by then is dynamic: it gets its
   * shape and memory in each run.
   */
  allocated(): void {
    const pointer = this.#locate();
    this.#data = this.#bindings.tensorData(pointer);
    this.#isDynamic ||= this.#data === null;
    this.#update(pointer);
  }

  /**
   * Updates shape and view if a run may have moved the data: always for a dynamic tensor, and for all tensors of a
   * graph that has dynamic ones. Call it before every write and read, because the old memory may be freed.
   */
  refresh(): void {
    const pointer = this.#locate();
    const data: bigint | null = this.#bindings.tensorData(pointer);
    if (!this.#isDynamic && data === this.#data) return;
    this.#isDynamic = true;
    this.#data = data;
    this.#update(pointer);
  }

  /** Copies the tensor out. */
  read(): Tensor {
    const { dtype, shape, view } = this;
    if (dtype === "string") {
      return { dtype, shape, data: decodeStrings(view.buffer as ArrayBuffer) };
    }
    if (dtype === "int4" || dtype === "uint4") {
      return { dtype, shape, data: unpackNibbles(view as Uint8Array, shape, dtype) };
    }
    return { dtype, shape, data: view.slice() } as Tensor;
  }

  /** Keeps the view if the memory has not moved or changed size: a new view costs 1 µs, plus garbage collection. */
  #update(pointer: bigint): void {
    this.#updateShape(pointer);
    const bytes = this.#data === null ? 0 : Number(this.#bindings.tensorBytes(pointer));
    if (bytes > constants.MAX_LENGTH) {
      throw errors.tensorUnreadable(this.dtype, this.shape, bytes, constants.MAX_LENGTH);
    }
    const { dtype } = this;
    const isPlain = dtype === "string" || dtype === "int4" || dtype === "uint4";
    const { array, entriesPerElement } = isPlain ? PLAIN : NUMERIC_DTYPES[dtype];
    const width = array.BYTES_PER_ELEMENT * entriesPerElement;
    if (!isPlain && this.#data !== null && bytes !== width * elementCount(this.shape)) {
      throw inferenceErrors.predictionFailed(
        `TensorFlow Lite has ${bytes} bytes for a ${this.dtype} tensor of shape [${this.shape}]`,
      );
    }
    if (this.#data === this.#viewed && bytes === this.view.byteLength) return;
    this.#viewed = this.#data;
    this.view = new array(this.#data === null ? new ArrayBuffer(0) : viewMemory(this.#data, bytes));
  }

  /** Keeps the array of a shape as long as the shape does not change. */
  #updateShape(pointer: bigint): void {
    const { tensorRank, tensorDimension } = this.#bindings;
    const rank: number = tensorRank(pointer);
    const { shape } = this;
    let isSame = shape.length === rank;
    for (let i = 0; isSame && i < rank; i++) isSame = shape[i] === tensorDimension(pointer, i);
    if (isSame) return;
    const extents = Array.from({ length: rank }, (_, i) => tensorDimension(pointer, i) as number);
    this.shape = Object.freeze(extents);
  }
}

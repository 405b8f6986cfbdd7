import {
  elementCount,
  inferenceErrors,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  type TensorData,
} from "@serving-kit/inference";
import { viewMemory } from "@serving-kit/native-library";
import type { Bindings } from "./bindings.js";
import { unpackNibbles } from "./nibbles.js";
import { decodeStrings } from "./string-tensor.js";

type NumericData = TensorData[NumericDType];

/**
 * The memory of one tensor of an interpreter, seen from JavaScript.
 *
 * The view is made once and kept while the memory stays where it is. The view must never leave this
 * package: what is given to callers is a copy, which outlives the interpreter.
 */
export class TensorMemory {
  readonly #bindings: Bindings;
  readonly #pointer: bigint;
  readonly dtype: Tensor["dtype"];
  #data: bigint | null = null;
  #isDynamic = false;
  /** The current shape, one frozen array for all tensors that are read meanwhile. */
  shape: readonly number[] = [];
  /** The current memory; int4 is packed, strings are their bytes. */
  view: NumericData = new Uint8Array(0);

  constructor(bindings: Bindings, pointer: bigint, dtype: Tensor["dtype"]) {
    this.#bindings = bindings;
    this.#pointer = pointer;
    this.dtype = dtype;
  }

  get pointer(): bigint {
    return this.#pointer;
  }

  /**
   * Looks again after memory was allocated. A tensor without memory by then is a dynamic one: it gets
   * its shape and memory in each run.
   */
  allocated(): void {
    this.#data = this.#bindings.tensorData(this.#pointer);
    this.#isDynamic ||= this.#data === null;
    this.#look();
  }

  /**
   * Looks again where a run can have moved the memory: of a dynamic tensor always, of the others in a
   * graph that has dynamic ones. Before every write and read, since the old memory may be freed.
   */
  refresh(): void {
    const data: bigint | null = this.#bindings.tensorData(this.#pointer);
    if (!this.#isDynamic && data === this.#data) return;
    this.#isDynamic = true;
    this.#data = data;
    this.#look();
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

  #look(): void {
    const { tensorRank, tensorDimension, tensorBytes } = this.#bindings;
    const pointer = this.#pointer;
    this.shape = Object.freeze(
      Array.from({ length: tensorRank(pointer) }, (_, i) => tensorDimension(pointer, i)),
    );
    const bytes = this.#data === null ? 0 : Number(tensorBytes(pointer));
    const memory = this.#data === null ? new ArrayBuffer(0) : viewMemory(this.#data, bytes);
    this.view = new Uint8Array(memory);
    if (this.dtype === "string" || this.dtype === "int4" || this.dtype === "uint4") return;
    const { array, entriesPerElement } = NUMERIC_DTYPES[this.dtype];
    const width = array.BYTES_PER_ELEMENT * entriesPerElement;
    if (this.#data !== null && bytes !== width * elementCount(this.shape)) {
      throw inferenceErrors.predictionFailed(
        `TensorFlow Lite has ${bytes} bytes for a ${this.dtype} tensor of shape [${this.shape}]`,
      );
    }
    this.view = new array(memory);
  }
}

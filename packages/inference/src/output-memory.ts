import { errors } from "./errors.js";
import type { Tensor, Tensors } from "./tensor.js";

/** V8 keeps the elements of arrays up to this size on its heap; copying them costs less than reading `buffer`. */
const SMALL_BYTES = 64;
/** Above this size, the buffer of the previous answer is referenced weakly, so that it does not stay in memory. */
const KEPT_BYTES = 65_536;

/** The memory of an output: a part of a buffer. */
interface Span {
  readonly buffer: ArrayBufferLike | WeakRef<ArrayBufferLike>;
  readonly start: number;
  readonly end: number;
}

/**
 * Ensures that outputs own their memory (S3). Remembers the memory of the previous answer: a predictor that writes each
 * answer to the same buffer would change the answers that it returned before.
 */
export class OutputMemory {
  readonly #last = new Map<string, Span>();

  /**
   * Returns the tensor, or a copy if it shares memory with an input. Throws OUTPUT_INVALID if it shares memory with the
   * previous answer.
   */
  owned(name: string, tensor: Tensor, inputs: Tensors): Tensor {
    const { dtype, shape, data } = tensor;
    if (dtype === "string") return isOfStrings(inputs) ? copyOfStrings(tensor) : tensor;
    const entries = data as Float32Array;
    if (entries.byteLength <= SMALL_BYTES) return { dtype, shape, data: copyOf(entries) };
    const { buffer, byteOffset: start } = entries;
    if (isOfBuffer(inputs, buffer)) return { dtype, shape, data: copyOf(entries) };
    const end = start + entries.byteLength;
    const last = this.#last.get(name);
    if (last !== undefined && start < last.end && last.start < end && isBuffer(last, buffer)) {
      throw errors.outputShared(name);
    }
    const kept = buffer.byteLength > KEPT_BYTES ? new WeakRef(buffer) : buffer;
    this.#last.set(name, { buffer: kept, start, end });
    return tensor;
  }
}

/** `slice` of a Buffer does not copy. */
const copyOf = (data: Float32Array | Uint8Array): Tensor["data"] =>
  data instanceof Uint8Array ? new Uint8Array(data) : data.slice();

const isBuffer = ({ buffer }: Span, other: ArrayBufferLike) =>
  (buffer instanceof WeakRef ? buffer.deref() : buffer) === other;

function isOfStrings(inputs: Tensors): boolean {
  for (const name in inputs) if (inputs[name]?.dtype === "string") return true;
  return false;
}

function copyOfStrings(tensor: Tensor): Tensor {
  const strings = tensor.data as readonly Uint8Array[];
  return { ...tensor, data: strings.map((bytes) => new Uint8Array(bytes)) };
}

function isOfBuffer(inputs: Tensors, buffer: ArrayBufferLike): boolean {
  for (const name in inputs) {
    const data = inputs[name]?.data as Float32Array;
    if (data.byteLength > SMALL_BYTES && data.buffer === buffer) return true;
  }
  return false;
}

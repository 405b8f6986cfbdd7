import type { MemoryAllowance } from "@serving-kit/inference";
import { type DoubleDType, NUMBER_RANGES } from "./json-dtypes.js";
import { type KernelNumbers, KINDS, type NumberKind } from "./number-kind.js";
import { type NumberRange, scanNumber } from "./scan-number.js";
import { smallArray } from "./slab.js";

/**
 * The `Leaves` of the dtypes whose elements become doubles first, a chunk at a time that stays in the
 * processor's cache, and then elements of the dtype.
 */
export class DoubleLeaves {
  readonly range: NumberRange;
  readonly kind: NumberKind;
  /** Where the loops of `scanRun` write; shared by all requests, never by two at a time. */
  readonly chunk: Float64Array;
  /** How much of the chunk is written. */
  used = 0;
  readonly #dtype: DoubleDType;
  readonly #allowance: MemoryAllowance;
  #data: NumberArray | undefined;
  #flushed = 0;

  constructor(dtype: DoubleDType, allowance: MemoryAllowance) {
    this.#dtype = dtype;
    this.#allowance = allowance;
    this.range = NUMBER_RANGES[dtype];
    this.kind = KINDS[dtype];
    this.chunk = spareChunks.pop() ?? new Float64Array(CHUNK_LENGTH);
  }

  get length(): number {
    return this.#flushed + this.used;
  }

  read(bytes: Uint8Array, at: number): number {
    if (this.used === CHUNK_LENGTH) this.flush(at / bytes.length);
    return scanNumber(bytes, at, this.chunk, this.used++, this.range);
  }

  /** Adds an element that is not in the text. */
  add(missing: number | string): void {
    if (this.used === CHUNK_LENGTH) this.flush(1);
    this.chunk[this.used++] = Number(missing);
  }

  /** Empties the chunk. `progress` is how much of the text was read, from 0 to 1, for a good guess. */
  flush(progress: number): void {
    const count = this.used;
    const data = this.#reserve(count, progress);
    data.set(this.chunk.subarray(0, count), this.#flushed);
    this.#flushed += count;
    this.used = 0;
  }

  append(numbers: KernelNumbers, count: number, progress: number): void {
    if (this.used > 0) this.flush(progress);
    const data = this.#reserve(count, progress);
    const at = this.#flushed;
    if (count > MAX_COPIED_ONE_BY_ONE) {
      data.set((numbers as NumberArray).subarray(0, count), at);
    } else {
      for (let i = 0; i < count; i++) data[at + i] = numbers[i] as number;
    }
    this.#flushed = at + count;
  }

  /** The memory with room for so many elements more. */
  #reserve(count: number, progress: number): NumberArray {
    const data = this.#data;
    const length = this.#flushed + count;
    if (data !== undefined && data.length >= length) return data;
    const array = ARRAYS[this.#dtype];
    const capacity = capacityFor(length, progress);
    this.#allowance.take((capacity - (data?.length ?? 0)) * array.BYTES_PER_ELEMENT);
    const isSmall = capacity <= MAX_COPIED_ONE_BY_ONE;
    const grown = isSmall ? smallArray<NumberArray>(array, capacity) : new array(capacity);
    if (data) grown.set(data);
    this.#data = grown;
    return grown;
  }

  finish(): NumberArray {
    if (this.used > 0 && this.#flushed > 0) this.flush(1);
    const data = this.#data ?? this.#copy();
    if (spareChunks.length < MAX_SPARE_CHUNKS) spareChunks.push(this.chunk);
    const { length } = this;
    // Memory that was guessed a little too large is kept; the kernel has not given it yet.
    if (data.length === length) return data;
    return data.length <= length * MAX_SPARE ? data.subarray(0, length) : data.slice(0, length);
  }

  /** Returns the numbers in the chunk, if it is the only one. */
  #copy(): NumberArray {
    const array = ARRAYS[this.#dtype];
    if (this.used > MAX_COPIED_ONE_BY_ONE) return new array(this.chunk.subarray(0, this.used));
    const data = smallArray<NumberArray>(array, this.used);
    for (let i = 0; i < data.length; i++) data[i] = this.chunk[i] as number;
    return data;
  }
}

/** How many times as long as its elements the memory of a tensor may stay. */
export const MAX_SPARE = 8 / 7;

/** How many elements a text has, of which `length` were read in a share of it, from 0 to 1. */
export const capacityFor = (length: number, progress: number): number =>
  Math.max(length, Math.ceil((length / Math.max(progress, 0.01)) * 1.02));

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
} satisfies Record<DoubleDType, unknown>;

type NumberArray = InstanceType<(typeof ARRAYS)[DoubleDType]>;

const CHUNK_LENGTH = 4096;
const MAX_SPARE_CHUNKS = 16;
/** Below this a loop is faster than a view and a call. */
const MAX_COPIED_ONE_BY_ONE = 256;
const spareChunks: Float64Array[] = [];

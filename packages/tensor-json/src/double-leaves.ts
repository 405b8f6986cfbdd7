import type { MemoryAllowance } from "@serving-kit/inference";
import { type DoubleDType, NUMBER_RANGES } from "./json-dtypes.js";
import { type KernelNumbers, KINDS, type NumberKind } from "./number-kind.js";
import { type NumberRange, scanNumber } from "./scan-number.js";
import { smallArray } from "./slab.js";

/**
 * The `Leaves` of dtypes whose elements are read as doubles first and then converted. The chunk of doubles stays in the
 * processor's cache.
 */
export class DoubleLeaves {
  readonly range: NumberRange;
  readonly kind: NumberKind;
  /** The output of the loops of `scanRun`. All requests share it, but only one uses it at a time. */
  readonly chunk: Float64Array;
  /** The number of elements written to the chunk. */
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

  /** Adds a missing element. */
  add(missing: number | string): void {
    if (this.used === CHUNK_LENGTH) this.flush(1);
    this.chunk[this.used++] = Number(missing);
  }

  /** Empties the chunk. `progress` is the part of the text read so far, from 0 to 1, used to estimate the size. */
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

  /** Returns memory with room for `count` more elements. */
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
    // A slightly too large buffer is kept: the operating system has not committed the unused pages yet.
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

/** Maximum ratio of a tensor's memory to the size of its elements. */
export const MAX_SPARE = 8 / 7;

/** Estimates the number of elements in a text, of which `length` were read in a part of it, from 0 to 1. */
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

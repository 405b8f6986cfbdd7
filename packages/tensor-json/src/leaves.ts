import { runToEnd, type Steps } from "@serving-kit/core";
import { type DType, type MemoryAllowance, OBJECT_BYTES } from "@serving-kit/inference";
import { base64At, isBase64Object } from "./base64.js";
import { capacityFor, DoubleLeaves, MAX_SPARE } from "./double-leaves.js";
import { isDoubleDType, type JsonDType } from "./json-dtypes.js";
import { skipString, stringAt } from "./json-string.js";
import { CHAR, hasWord, latin1 } from "./json-text.js";
import { skipValue } from "./json-value.js";
import type { KernelNumbers, NumberKind } from "./number-kind.js";

/**
 * Reads the elements of one tensor, one at a time, into growing memory of the right kind.
 *
 * `read` reads the element at a position and returns the position after it, or -1 if the text is not an element of the
 * dtype. `finish` returns the elements as the dtype's array, of exact length; the object must not be used afterwards.
 */
export interface Leaves {
  /** The number of elements read. */
  readonly length: number;
  read(bytes: Uint8Array, at: number): number;
  /** The kind of number that the kernel reads for this dtype; absent if the kernel does not read it. */
  readonly kind?: NumberKind;
  /**
   * Adds the first `count` of the numbers that the kernel read. `progress` is the part of the text read so far, from 0
   * to 1, used to estimate the memory.
   */
  append?(numbers: KernelNumbers, count: number, progress: number): void;
  /** Adds the value for a missing element: see `TensorSpec.missing`. Absent if the dtype has none. */
  add?(missing: number | string): void;
  finish(): unknown;
  /** `finish` with pauses. Absent if `finish` is always fast. */
  finishInSteps?(): Steps<unknown>;
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const encoder = new TextEncoder();

class Int64Leaves implements Leaves {
  length = 0;
  readonly kind: NumberKind;
  readonly #isSigned: boolean;
  readonly #allowance: MemoryAllowance;
  #words = new Uint32Array(64);

  constructor(isSigned: boolean, allowance: MemoryAllowance) {
    this.kind = isSigned ? "I64" : "U64";
    this.#isSigned = isSigned;
    this.#allowance = allowance;
  }

  append(numbers: KernelNumbers, count: number, progress: number): void {
    this.#reserve(count, progress);
    const words = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * count);
    this.#words.set(words, 2 * this.length);
    this.length += count;
  }

  /** Makes room for `count` more elements. */
  #reserve(count: number, progress: number): void {
    const length = this.length + count;
    if (2 * length <= this.#words.length) return;
    this.#words = grown(this.#words, 2 * capacityFor(length, progress), this.#allowance);
  }

  read(bytes: Uint8Array, start: number): number {
    this.#reserve(1, start / bytes.length);
    let at = start;
    const isNegative = bytes[at] === CHAR.minus;
    if (isNegative) at++;
    const first = at;
    let value = 0;
    let d = (bytes[at] as number) - 48;
    while (d >= 0 && d <= 9) {
      value = value * 10 + d;
      d = (bytes[++at] as number) - 48;
    }
    const digits = at - first;
    if (digits === 0 || (digits > 1 && bytes[first] === CHAR.zero)) return -1;
    if (bytes[at] === CHAR.dot || ((bytes[at] as number) | 0x20) === 0x65) return -1;
    if (digits <= 15) {
      if (isNegative && !this.#isSigned && value > 0) return -1;
      this.#store(isNegative ? -value : value);
      return at;
    }
    if (digits > 20) return -1;
    const exact = BigInt(latin1(bytes, start, at));
    const fit = this.#isSigned ? BigInt.asIntN(64, exact) : BigInt.asUintN(64, exact);
    if (fit !== exact) return -1;
    this.#words.set(new Uint32Array(BigInt64Array.of(exact).buffer), this.length++ * 2);
    return at;
  }

  #store(value: number): void {
    const low = value >>> 0;
    const high = Math.floor(value / 2 ** 32);
    const at = this.length++ * 2;
    this.#words[at] = IS_LITTLE_ENDIAN ? low : high;
    this.#words[at + 1] = IS_LITTLE_ENDIAN ? high : low;
  }

  finish(): unknown {
    const { length } = this;
    const isTight = this.#words.length <= length * 2 * MAX_SPARE;
    const { buffer } = isTight ? this.#words : this.#words.slice(0, length * 2);
    const array = this.#isSigned ? BigInt64Array : BigUint64Array;
    return new array(buffer, 0, length);
  }
}

class BoolLeaves implements Leaves {
  length = 0;
  #bytes = new Uint8Array(64);

  read(bytes: Uint8Array, at: number): number {
    const isTrue = hasWord(bytes, at, "true");
    if (!isTrue && !hasWord(bytes, at, "false")) return -1;
    if (this.length === this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.length++] = isTrue ? 1 : 0;
    return at + (isTrue ? 4 : 5);
  }

  finish(): unknown {
    return this.#bytes.slice(0, this.length);
  }
}

/** The start position that marks a missing element. */
const MISSING = 2 ** 32 - 1;

/** Keeps the positions of strings, and creates the strings once all are known and their memory was taken. */
class StringLeaves implements Leaves {
  length = 0;
  readonly #allowance: MemoryAllowance;
  #spans = new Uint32Array(32);
  #bytes: Uint8Array = NOTHING;
  #missing: Uint8Array = NOTHING;

  constructor(allowance: MemoryAllowance) {
    this.#allowance = allowance;
  }

  add(missing: number | string): void {
    this.#missing = encoder.encode(`${missing}`);
    this.#append(MISSING, MISSING);
  }

  read(bytes: Uint8Array, at: number): number {
    this.#bytes = bytes;
    const isString = bytes[at] === CHAR.quote;
    if (!isString && (bytes[at] !== CHAR.openObject || !isBase64Object(bytes, at))) return -1;
    const end = isString ? skipString(bytes, at) : skipValue(bytes, at);
    this.#append(at, end);
    return end;
  }

  finish(): unknown {
    return runToEnd(this.finishInSteps());
  }

  *finishInSteps(): Steps<readonly Uint8Array[]> {
    const allowance = this.#allowance;
    const bytes = this.#bytes;
    allowance.take(this.length * OBJECT_BYTES.view);
    const strings = new Array<Uint8Array>(this.length);
    for (let i = 0; i < strings.length; i++) {
      if (i % STEP_STRINGS === STEP_STRINGS - 1) yield;
      const start = this.#spans[i * 2] as number;
      const end = this.#spans[i * 2 + 1] as number;
      if (start === MISSING) strings[i] = this.#missing;
      else if (bytes[start] === CHAR.quote) strings[i] = stringAt(bytes, start, end, allowance);
      else strings[i] = base64At(bytes, start, allowance);
    }
    return strings;
  }

  #append(start: number, end: number): void {
    if (this.length * 2 === this.#spans.length) {
      this.#spans = grown(this.#spans, this.#spans.length * 2, this.#allowance);
    }
    this.#spans[this.length * 2] = start;
    this.#spans[this.length++ * 2 + 1] = end;
  }
}

const NOTHING = new Uint8Array(0);

/** Number of strings that are created between two pauses. */
const STEP_STRINGS = 4_096;

/** Copies words into larger memory, whose increase is taken from the allowance. */
function grown(words: Uint32Array<ArrayBuffer>, length: number, allowance: MemoryAllowance) {
  allowance.take(4 * (length - words.length));
  const larger = new Uint32Array(length);
  larger.set(words);
  return larger;
}

/** Returns the reader of a dtype's elements, which takes their memory from the allowance. */
export function leavesOf(dtype: JsonDType & DType, allowance: MemoryAllowance): Leaves {
  if (isDoubleDType(dtype)) return new DoubleLeaves(dtype, allowance);
  if (dtype === "bool") return new BoolLeaves();
  if (dtype === "string") return new StringLeaves(allowance);
  return new Int64Leaves(dtype === "int64", allowance);
}

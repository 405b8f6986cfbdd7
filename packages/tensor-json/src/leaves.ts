import type { DType } from "@serving-kit/inference";
import { base64At, isBase64Object } from "./base64.js";
import { DoubleLeaves } from "./double-leaves.js";
import { isDoubleDType, type JsonDType } from "./json-dtypes.js";
import { skipString, stringAt } from "./json-string.js";
import { CHAR, hasWord, latin1 } from "./json-text.js";
import { skipValue } from "./json-value.js";

/**
 * Reads the elements of one tensor, one at a time, into growing memory of the right kind.
 *
 * `read` takes the element at a position and gives the position after it, or -1 where the text is
 * not an element of the dtype. `finish` gives the elements as the dtype's own array, of exact
 * length, and ends the use of the object.
 */
export interface Leaves {
  /** How many elements were read. */
  readonly length: number;
  read(bytes: Uint8Array, at: number): number;
  /** Adds the element that means "missing": see `TensorSpec.missing`. Absent if the dtype has none. */
  add?(missing: number | string): void;
  finish(): unknown;
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const encoder = new TextEncoder();

class Int64Leaves implements Leaves {
  length = 0;
  readonly #isSigned: boolean;
  #words = new Uint32Array(64);

  constructor(isSigned: boolean) {
    this.#isSigned = isSigned;
  }

  read(bytes: Uint8Array, start: number): number {
    if (this.length * 2 === this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
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
    const { buffer } = this.#words.slice(0, this.length * 2);
    return this.#isSigned ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
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

class StringLeaves implements Leaves {
  readonly #strings: Uint8Array[] = [];

  add(missing: number | string): void {
    this.#strings.push(encoder.encode(`${missing}`));
  }

  get length(): number {
    return this.#strings.length;
  }

  read(bytes: Uint8Array, at: number): number {
    if (bytes[at] === CHAR.quote) {
      const end = skipString(bytes, at);
      this.#strings.push(stringAt(bytes, at, end));
      return end;
    }
    if (bytes[at] !== CHAR.openObject || !isBase64Object(bytes, at)) return -1;
    this.#strings.push(base64At(bytes, at));
    return skipValue(bytes, at);
  }

  finish(): unknown {
    return this.#strings;
  }
}

/** The reader of a dtype's elements. */
export function leavesOf(dtype: JsonDType & DType): Leaves {
  if (isDoubleDType(dtype)) return new DoubleLeaves(dtype);
  if (dtype === "bool") return new BoolLeaves();
  if (dtype === "string") return new StringLeaves();
  return new Int64Leaves(dtype === "int64");
}

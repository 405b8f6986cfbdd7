/**
 * A value of a FlexBuffer. Strings are bytes, because TensorFlow stores messages in them; map keys are JavaScript
 * strings.
 */
export type FlexValue =
  | null
  | boolean
  | number
  | Uint8Array
  | readonly FlexValue[]
  | ReadonlyMap<string, FlexValue>;

/** The types by their number (flatbuffers/flexbuffers.h). */
const TYPE = {
  null: 0,
  int: 1,
  uint: 2,
  float: 3,
  key: 4,
  string: 5,
  indirectInt: 6,
  indirectUint: 7,
  indirectFloat: 8,
  map: 9,
  vector: 10,
  blob: 25,
  bool: 26,
  vectorBool: 36,
};
/** Typed vectors: 11 to 15 have a length, 16 to 24 have 2, 3 or 4 elements. */
const VECTOR_TYPES = [TYPE.int, TYPE.uint, TYPE.float, TYPE.key, TYPE.string];
const FIXED_VECTOR_TYPES = [TYPE.int, TYPE.uint, TYPE.float];
const [FIRST_VECTOR, FIRST_FIXED_VECTOR] = [11, 16];

const MAX_DEPTH = 16;
/** Keys, values, types and lengths: no byte is read more often unless offsets share bytes. */
const READS_PER_BYTE = 4;

/**
 * Reads an untrusted FlexBuffer (https://flatbuffers.dev/flexbuffers), the schemaless form of FlatBuffers. No read
 * leaves the bytes. The number of reads is bounded by the number of bytes, so that offsets to the same bytes cannot
 * make a small file take long.
 *
 * @throws RangeError with what is wrong in the bytes.
 */
export function readFlexBuffer(bytes: Uint8Array): FlexValue {
  if (bytes.length < 3)
    throw new RangeError(`a FlexBuffer has 3 bytes or more; got ${bytes.length}`);
  const width = bytes[bytes.length - 1] as number;
  const type = bytes[bytes.length - 2] as number;
  return new FlexReader(bytes).value(bytes.length - 2 - width, width, type, 0);
}

class FlexReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = READS_PER_BYTE * bytes.byteLength + 64;
  }

  /** Returns the value whose slot of `width` bytes is at `at`. A packed type has the width of the referenced value. */
  value(at: number, width: number, packedType: number, depth: number): FlexValue {
    this.#spend(1);
    if (depth > MAX_DEPTH) throw new RangeError(`values are nested more than ${MAX_DEPTH} deep`);
    const type = packedType >> 2;
    if (type === TYPE.null) return null;
    if (type === TYPE.bool) return this.#uint(at, width) !== 0;
    if (type === TYPE.int) return this.#int(at, width);
    if (type === TYPE.uint) return this.#uint(at, width);
    if (type === TYPE.float) return this.#float(at, width);
    const target = this.#target(at, width);
    return this.#referred(target, 1 << (packedType & 3), type, depth);
  }

  #referred(at: number, width: number, type: number, depth: number): FlexValue {
    if (type === TYPE.indirectInt) return this.#int(at, width);
    if (type === TYPE.indirectUint) return this.#uint(at, width);
    if (type === TYPE.indirectFloat) return this.#float(at, width);
    if (type === TYPE.key) return this.#keyBytes(at);
    if (type === TYPE.string || type === TYPE.blob) return this.#slice(at, this.#length(at, width));
    if (type === TYPE.map) return this.#map(at, width, depth);
    if (type === TYPE.vector) return this.#vector(at, width, depth);
    if (type === TYPE.vectorBool) {
      return this.#elements(at, this.#length(at, width), width, TYPE.bool, depth);
    }
    const element = VECTOR_TYPES[type - FIRST_VECTOR];
    if (element !== undefined) {
      return this.#elements(at, this.#length(at, width), width, element, depth);
    }
    const fixed = type - FIRST_FIXED_VECTOR;
    const fixedElement = FIXED_VECTOR_TYPES[fixed % 3];
    if (fixed < 0 || fixed > 8 || fixedElement === undefined) {
      throw new RangeError(`type ${type} is unknown`);
    }
    return this.#elements(at, 2 + Math.floor(fixed / 3), width, fixedElement, depth);
  }

  #vector(at: number, width: number, depth: number): FlexValue[] {
    const length = this.#length(at, width);
    const types = this.#slice(at + length * width, length);
    return Array.from(types, (type, i) => this.value(at + i * width, width, type, depth + 1));
  }

  /** Returns the elements of a typed vector. Values that they refer to have one-byte lengths. */
  #elements(at: number, length: number, width: number, type: number, depth: number): FlexValue[] {
    this.#slice(at, length * width);
    return Array.from({ length }, (_, i) =>
      this.value(at + i * width, width, type << 2, depth + 1),
    );
  }

  #map(at: number, width: number, depth: number): ReadonlyMap<string, FlexValue> {
    const keysAt = this.#target(at - 3 * width, width);
    const keysWidth = this.#uint(at - 2 * width, width);
    const keys = this.#elements(keysAt, this.#length(at, width), keysWidth, TYPE.key, depth);
    const values = this.#vector(at, width, depth);
    return new Map(keys.map((key, i) => [decoder.decode(key as Uint8Array), values[i] ?? null]));
  }

  #keyBytes(at: number): Uint8Array {
    const end = this.#bytes.indexOf(0, this.#within(at, 1));
    if (end === -1) throw new RangeError(`the key at byte ${at} does not end`);
    this.#spend(end - at);
    return this.#bytes.subarray(at, end);
  }

  /** Returns the length, which is before the elements. */
  #length(at: number, width: number): number {
    return this.#uint(at - width, width);
  }

  #target(at: number, width: number): number {
    return at - this.#uint(at, width);
  }

  #int(at: number, width: number): number {
    const view = this.#view;
    this.#within(at, width);
    if (width === 1) return view.getInt8(at);
    if (width === 2) return view.getInt16(at, true);
    if (width === 4) return view.getInt32(at, true);
    if (width === 8) return Number(view.getBigInt64(at, true));
    throw new RangeError(`a number of ${width} bytes is not possible`);
  }

  #uint(at: number, width: number): number {
    const value = this.#int(at, width);
    return value < 0 ? value + 2 ** (8 * width) : value;
  }

  #float(at: number, width: number): number {
    this.#within(at, width);
    if (width === 4) return this.#view.getFloat32(at, true);
    if (width === 8) return this.#view.getFloat64(at, true);
    throw new RangeError(`a float of ${width} bytes is not possible`);
  }

  #slice(at: number, length: number): Uint8Array {
    this.#spend(length);
    return this.#bytes.subarray(this.#within(at, length), at + length);
  }

  #within(at: number, length: number): number {
    if (at < 0 || at + length > this.#bytes.length) {
      throw new RangeError(
        `a FlexBuffer of ${this.#bytes.length} bytes refers to bytes ${at} to ${at + length}`,
      );
    }
    return at;
  }

  #spend(count: number): void {
    this.#budget -= count;
    if (this.#budget < 0) throw new RangeError("it refers to the same bytes over and over");
  }
}

const decoder = new TextDecoder();

import {
  DocumentError,
  type DocumentNumbers,
  type DocumentValue,
  MAX_DEPTH,
  MAX_STRING_BYTES,
} from "./value.js";

/** Markers of UBJSON (draft 12). */
const MARK = {
  openObject: 0x7b,
  closeObject: 0x7d,
  openArray: 0x5b,
  closeArray: 0x5d,
  type: 0x24,
  count: 0x23,
  string: 0x53,
  char: 0x43,
  int8: 0x69,
  uint8: 0x55,
  int16: 0x49,
  int32: 0x6c,
  int64: 0x4c,
  float32: 0x64,
  float64: 0x44,
  true: 0x54,
  false: 0x46,
  null: 0x5a,
} as const;

const WIDTHS: ReadonlyMap<number, number> = new Map([
  [MARK.int8, 1],
  [MARK.uint8, 1],
  [MARK.int16, 2],
  [MARK.int32, 4],
  [MARK.int64, 8],
  [MARK.float32, 4],
  [MARK.float64, 8],
]);

type ReadNumbers = (view: DataView, start: number, count: number) => DocumentNumbers;

/** The readers of number arrays by type; uint8 arrays are copied unchanged. */
const READERS: ReadonlyMap<number, ReadNumbers> = new Map<number, ReadNumbers>([
  [
    MARK.float32,
    (view, start, count) => {
      const data = new Float32Array(count);
      for (let i = 0; i < count; i++) data[i] = view.getFloat32(start + 4 * i);
      return data;
    },
  ],
  [
    MARK.float64,
    (view, start, count) => {
      const data = new Float64Array(count);
      for (let i = 0; i < count; i++) data[i] = view.getFloat64(start + 8 * i);
      return data;
    },
  ],
  [
    MARK.int64,
    (view, start, count) => {
      const data = new Float64Array(count);
      for (let i = 0; i < count; i++) data[i] = Number(view.getBigInt64(start + 8 * i));
      return data;
    },
  ],
  [
    MARK.int32,
    (view, start, count) => {
      const data = new Int32Array(count);
      for (let i = 0; i < count; i++) data[i] = view.getInt32(start + 4 * i);
      return data;
    },
  ],
  [
    MARK.int16,
    (view, start, count) => {
      const data = new Int16Array(count);
      for (let i = 0; i < count; i++) data[i] = view.getInt16(start + 2 * i);
      return data;
    },
  ],
  [
    MARK.int8,
    (view, start, count) => {
      const data = new Int8Array(count);
      for (let i = 0; i < count; i++) data[i] = view.getInt8(start + i);
      return data;
    },
  ],
]);

const decoder = new TextDecoder();

/**
 * Reads a UBJSON document in the subset that XGBoost writes: objects, arrays, and arrays of numbers of one type, which
 * become typed arrays. Yields between values, so that a caller can let the event loop run.
 *
 * @throws DocumentError for bytes that are not a document, are truncated, or continue after the document.
 */
export function* readUbjson(bytes: Uint8Array): Generator<void, DocumentValue> {
  const reader = new UbjsonReader(bytes);
  const value = yield* reader.value(reader.marker(), 0);
  reader.end();
  return value;
}

/** Checks that the bytes are one complete document. Walks over the lengths and stores nothing. */
export function* walkUbjson(bytes: Uint8Array): Generator<void, void> {
  const reader = new UbjsonReader(bytes, true);
  yield* reader.value(reader.marker(), 0);
  reader.end();
}

class UbjsonReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** True if values are skipped instead of stored. */
  readonly #skips: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, skips = false) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#skips = skips;
  }

  /** Reads the next byte. */
  marker(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  *value(marker: number, depth: number): Generator<void, DocumentValue> {
    if (marker === MARK.openObject) return yield* this.#object(depth + 1);
    if (marker === MARK.openArray) return yield* this.#array(depth + 1);
    return this.#scalar(marker);
  }

  end(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) throw new DocumentError(`${rest} bytes follow the document`);
  }

  *#object(depth: number): Generator<void, DocumentValue> {
    this.#checkDepth(depth);
    const object = Object.create(null) as Record<string, DocumentValue>;
    for (;;) {
      const marker = this.marker();
      if (marker === MARK.closeObject) break;
      const key = this.#string(this.#integer(marker));
      if (key in object) throw new DocumentError(`key "${key.slice(0, 80)}" is repeated`);
      object[key] = this.#skips ? null : "";
      const value = yield* this.value(this.marker(), depth);
      if (!this.#skips) object[key] = value;
    }
    yield;
    return object;
  }

  *#array(depth: number): Generator<void, DocumentValue> {
    this.#checkDepth(depth);
    let marker = this.marker();
    if (marker === MARK.type) {
      const type = this.marker();
      if (this.marker() !== MARK.count) throw this.#unexpected("a count after the type");
      return this.#numbers(type, this.#integer(this.marker()));
    }
    const values: DocumentValue[] = [];
    const add = (value: DocumentValue) => {
      if (!this.#skips) values.push(value);
    };
    if (marker === MARK.count) {
      const count = this.#integer(this.marker());
      for (let i = 0; i < count; i++) add(yield* this.value(this.marker(), depth));
      return values;
    }
    while (marker !== MARK.closeArray) {
      add(yield* this.value(marker, depth));
      marker = this.marker();
    }
    return values;
  }

  #scalar(marker: number): DocumentValue {
    switch (marker) {
      case MARK.string:
        return this.#string(this.#integer(this.marker()));
      case MARK.char:
        return String.fromCharCode(this.marker());
      case MARK.float32:
        return this.#view.getFloat32(this.#take(4));
      case MARK.float64:
        return this.#view.getFloat64(this.#take(8));
      case MARK.true:
        return true;
      case MARK.false:
        return false;
      case MARK.null:
        return null;
      default:
        return this.#integer(marker);
    }
  }

  #integer(marker: number): number {
    switch (marker) {
      case MARK.int8:
        return this.#view.getInt8(this.#take(1));
      case MARK.uint8:
        return this.#view.getUint8(this.#take(1));
      case MARK.int16:
        return this.#view.getInt16(this.#take(2));
      case MARK.int32:
        return this.#view.getInt32(this.#take(4));
      case MARK.int64:
        return Number(this.#view.getBigInt64(this.#take(8)));
      default:
        throw this.#unexpected("a value or a length", marker);
    }
  }

  #string(length: number): string {
    if (length < 0 || length > MAX_STRING_BYTES) {
      throw new DocumentError(`a string has ${length} bytes; expected at most ${MAX_STRING_BYTES}`);
    }
    const start = this.#take(length);
    return decoder.decode(this.#bytes.slice(start, start + length));
  }

  #numbers(type: number, count: number): DocumentValue {
    const width = WIDTHS.get(type);
    if (width === undefined) throw this.#unexpected("a type of numbers", type);
    if (count < 0) throw new DocumentError(`an array has ${count} elements`);
    const start = this.#take(count * width);
    if (this.#skips) return null;
    const read = READERS.get(type);
    if (read === undefined) return this.#bytes.slice(start, start + count);
    return read(this.#view, start, count);
  }

  /** Consumes the next `count` bytes and returns their position. */
  #take(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) {
      throw new DocumentError(
        `it ends after ${this.#bytes.length} bytes; expected ${count} more at ${start}`,
      );
    }
    this.#at = start + count;
    return start;
  }

  #checkDepth(depth: number): void {
    if (depth > MAX_DEPTH) throw new DocumentError(`values are nested deeper than ${MAX_DEPTH}`);
  }

  #unexpected(expected: string, marker = this.#bytes[this.#at - 1] as number): DocumentError {
    return new DocumentError(
      `expected ${expected} at ${this.#at - 1}; got the byte 0x${marker.toString(16)}`,
    );
  }
}

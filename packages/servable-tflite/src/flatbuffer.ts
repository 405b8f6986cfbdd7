/** Valid files are read two or three times, in parts; more reads mean that offsets share bytes. */
const READS_PER_BYTE = 4;

/**
 * A reader of untrusted FlatBuffers (https://flatbuffers.dev/internals). No read leaves the file, and the number of
 * reads is bounded by its size, so that shared or crossed offsets cannot make a small file take long.
 */
export class FlatBuffer {
  readonly #view: DataView;
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = READS_PER_BYTE * bytes.byteLength + 1_024;
  }

  get byteLength(): number {
    return this.#view.byteLength;
  }

  /** Returns the root table of a file with an identifier of four characters. */
  root(identifier: string): FlatTable {
    const actual = decoder.decode(this.bytes(4, 4));
    if (actual !== identifier) {
      throw new RangeError(`expected the identifier ${identifier}, got ${JSON.stringify(actual)}`);
    }
    return new FlatTable(this, this.uint32(0));
  }

  uint8(at: number): number {
    return this.#at(at, 1).getUint8(at);
  }
  uint16(at: number): number {
    return this.#at(at, 2).getUint16(at, true);
  }
  int32(at: number): number {
    return this.#at(at, 4).getInt32(at, true);
  }
  uint32(at: number): number {
    return this.#at(at, 4).getUint32(at, true);
  }
  float32(at: number): number {
    return this.#at(at, 4).getFloat32(at, true);
  }
  int64(at: number): bigint {
    return this.#at(at, 8).getBigInt64(at, true);
  }
  uint64(at: number): bigint {
    return this.#at(at, 8).getBigUint64(at, true);
  }

  /** Returns bytes of the file, without a copy. */
  bytes(at: number, length: number): Uint8Array {
    const { buffer, byteOffset } = this.#at(at, length);
    return new Uint8Array(buffer as ArrayBuffer, byteOffset + at, length);
  }

  /** Deducts `count` reads from the budget. */
  spend(count: number): void {
    this.#budget -= count;
    if (this.#budget < 0) throw new RangeError("it refers to the same bytes over and over");
  }

  #at(at: number, length: number): DataView {
    if (at < 0 || at + length > this.#view.byteLength) {
      throw new RangeError(
        `it has ${this.#view.byteLength} bytes, but refers to bytes ${at} to ${at + length}`,
      );
    }
    return this.#view;
  }
}

const decoder = new TextDecoder();

/** A table of a FlatBuffer: fields by number, each of them optional. */
export class FlatTable {
  readonly #file: FlatBuffer;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableSize: number;
  readonly #size: number;

  constructor(file: FlatBuffer, at: number) {
    file.spend(1);
    this.#file = file;
    this.#at = at;
    this.#vtable = at - file.int32(at);
    this.#vtableSize = file.uint16(this.#vtable);
    this.#size = file.uint16(this.#vtable + 2);
    file.bytes(this.#vtable, this.#vtableSize);
    file.bytes(at, this.#size);
    if (this.#vtableSize < 4 || this.#size < 4) {
      throw new RangeError(`the table at byte ${at} has an impossible size`);
    }
  }

  uint8(field: number, fallback = 0): number {
    const at = this.#fieldAt(field, 1);
    return at === undefined ? fallback : this.#file.uint8(at);
  }

  int32(field: number, fallback = 0): number {
    const at = this.#fieldAt(field, 4);
    return at === undefined ? fallback : this.#file.int32(at);
  }

  uint32(field: number, fallback = 0): number {
    const at = this.#fieldAt(field, 4);
    return at === undefined ? fallback : this.#file.uint32(at);
  }

  uint64(field: number, fallback = 0n): bigint {
    const at = this.#fieldAt(field, 8);
    return at === undefined ? fallback : this.#file.uint64(at);
  }

  int64(field: number, fallback = 0n): bigint {
    const at = this.#fieldAt(field, 8);
    return at === undefined ? fallback : this.#file.int64(at);
  }

  table(field: number): FlatTable | undefined {
    const at = this.#target(field);
    return at === undefined ? undefined : new FlatTable(this.#file, at);
  }

  tables(field: number): FlatTable[] {
    return this.#vector(field, 4, (at) => new FlatTable(this.#file, at + this.#file.uint32(at)));
  }

  int32s(field: number): number[] {
    return this.#vector(field, 4, (at) => this.#file.int32(at));
  }

  float32s(field: number): number[] {
    return this.#vector(field, 4, (at) => this.#file.float32(at));
  }

  int64s(field: number): bigint[] {
    return this.#vector(field, 8, (at) => this.#file.int64(at));
  }

  /** Returns the bytes of a byte vector, without a copy. */
  bytes(field: number): Uint8Array | undefined {
    const at = this.#target(field);
    return at === undefined ? undefined : this.#file.bytes(at + 4, this.#file.uint32(at));
  }

  /** Returns a string; its terminating 0 must be there. */
  text(field: number): string | undefined {
    const at = this.#target(field);
    if (at === undefined) return undefined;
    const length = this.#file.uint32(at);
    this.#file.spend(length);
    if (this.#file.uint8(at + 4 + length) !== 0) {
      throw new RangeError(`the text at byte ${at} does not end where it says`);
    }
    return decoder.decode(this.#file.bytes(at + 4, length));
  }

  #vector<T>(field: number, width: number, read: (at: number) => T): T[] {
    const at = this.#target(field);
    if (at === undefined) return [];
    const length = this.#file.uint32(at);
    this.#file.bytes(at + 4, length * width);
    this.#file.spend(length);
    return Array.from({ length }, (_, i) => read(at + 4 + i * width));
  }

  /** Returns the position that an offset field points to. */
  #target(field: number): number | undefined {
    const at = this.#fieldAt(field, 4);
    return at === undefined ? undefined : at + this.#file.uint32(at);
  }

  #fieldAt(field: number, width: number): number | undefined {
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#vtableSize) return undefined;
    const offset = this.#file.uint16(this.#vtable + entry);
    if (offset === 0) return undefined;
    if (offset + width > this.#size) {
      throw new RangeError(`field ${field} of the table at byte ${this.#at} lies outside of it`);
    }
    return this.#at + offset;
  }
}

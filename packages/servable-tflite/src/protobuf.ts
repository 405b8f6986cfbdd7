/** The wire types of a message without groups (https://protobuf.dev/programming-guides/encoding). */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * A reader of protobuf's wire form, of bytes from outside: no read leaves them, and `bytes` returns a view.
 * Every method throws RangeError if the bytes are not a message.
 */
export class MessageReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether there is another field or value. */
  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** The tag of the next field: its number times 8 plus its wire type. */
  tag(): number {
    const tag = this.length();
    if (tag < 8) throw new RangeError("a field has the number 0");
    return tag;
  }

  /** A varint that must be less than 2^32. */
  length(): number {
    const value = this.uint64();
    if (value >> 32n !== 0n) throw new RangeError(`a length or tag is ${value}`);
    return Number(value);
  }

  /** A varint of up to 10 bytes; bits beyond 64 are dropped. */
  uint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#skip(1)] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError("a varint is longer than 10 bytes");
  }

  float(): number {
    return this.#view.getFloat32(this.#skip(4), true);
  }

  /** The content of a length-delimited field. */
  bytes(): Uint8Array {
    const length = this.length();
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    return decoder.decode(this.bytes());
  }

  /** Skips the value of a field that has this tag. */
  skip(tag: number): void {
    const type = tag & 7;
    if (type === WIRE.varint) this.uint64();
    else if (type === WIRE.fixed64) this.#skip(8);
    else if (type === WIRE.bytes) this.bytes();
    else if (type === WIRE.fixed32) this.#skip(4);
    else throw new RangeError(`wire type ${type} is not supported`);
  }

  #skip(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new RangeError("it ends within a field");
    this.#at += count;
    return at;
  }
}

const decoder = new TextDecoder();

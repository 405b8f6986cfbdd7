import { errors } from "./errors.js";

/** The wire types of protobuf that proto3 uses. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Reads protobuf's wire format from untrusted bytes. It never reads outside of them, and returns views of them.
 *
 * Every method throws ServingError INVALID_ARGUMENT / MESSAGE_INVALID if the bytes are not a valid message.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Returns whether there is another field. */
  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** The number of bytes that are left. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  /** Returns a reader of the same bytes at the same position. */
  fork(): WireReader {
    return new WireReader(this.bytes, this.#at, this.#end);
  }

  /** Reads the next field's number times 8 plus its wire type. */
  tag(): number {
    const tag = this.uint32();
    if (tag < 8) throw this.#invalid("a field has the number 0");
    return tag;
  }

  /** Reads the lower 32 bits of a varint, unsigned. */
  uint32(): number {
    const { bytes } = this;
    const first = bytes[this.#at] as number;
    if (this.#at < this.#end && first < 0x80) {
      this.#at++;
      return first;
    }
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw this.#invalid("a varint is longer than 10 bytes");
  }

  /** Reads a 64-bit varint, unsigned. */
  uint64(): bigint {
    const low = this.#bits(28);
    if (low.isLast) return BigInt(low.value);
    const middle = this.#bits(28);
    const lower = BigInt(low.value) | (BigInt(middle.value) << 28n);
    if (middle.isLast) return lower;
    const high = this.#bits(14);
    if (!high.isLast) throw this.#invalid("a varint is longer than 10 bytes");
    return BigInt.asUintN(64, lower | (BigInt(high.value) << 56n));
  }

  /** Reads a 64-bit varint in two's complement. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** Reads a varint as a boolean: true if any bit is set. */
  bool(): boolean {
    return this.uint64() !== 0n;
  }

  /** Reads the content of a length-delimited field, as a view. */
  content(): Uint8Array {
    return this.take(this.#length());
  }

  /** Returns a reader of a length-delimited field's content. */
  message(): WireReader {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return new WireReader(this.bytes, from, this.#at);
  }

  /** Reads a string. Invalid UTF-8 becomes U+FFFD. */
  string(): string {
    const { buffer, byteOffset, length } = this.content();
    return Buffer.from(buffer, byteOffset, length).toString();
  }

  /** Returns the number of remaining fields with this tag. */
  count(tag: number): number {
    const reader = this.fork();
    let count = 0;
    while (reader.hasMore) {
      const next = reader.tag();
      if (next === tag) count++;
      reader.skip(next);
    }
    return count;
  }

  /** Skips a field. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WIRE.varint:
        this.uint32();
        return;
      case WIRE.fixed64:
        this.#advance(8);
        return;
      case WIRE.bytes:
        this.#advance(this.#length());
        return;
      case WIRE.fixed32:
        this.#advance(4);
        return;
      default:
        throw this.#invalid(`wire type ${tag & 7} is not of proto3`);
    }
  }

  /** Reads the next bytes as a view, such as an unpacked float or double. */
  take(length: number): Uint8Array {
    const { buffer, byteOffset } = this.bytes;
    const from = this.#at;
    this.#advance(length);
    return new Uint8Array(buffer, byteOffset + from, length);
  }

  #bits(count: number): { value: number; isLast: boolean } {
    let value = 0;
    for (let shift = 0; shift < count; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return { value, isLast: true };
    }
    return { value, isLast: false };
  }

  #length(): number {
    const length = this.uint32();
    if (length > this.remaining) throw this.#invalid(`a length of ${length} reaches past the end`);
    return length;
  }

  #advance(count: number): void {
    if (count > this.remaining) throw this.#invalid("it ends within a field");
    this.#at += count;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw this.#invalid("it ends within a varint");
    return this.bytes[this.#at++] as number;
  }

  #invalid(problem: string): Error {
    return errors.messageInvalid(`${problem}, at byte ${this.#at} of ${this.bytes.length}`);
  }
}

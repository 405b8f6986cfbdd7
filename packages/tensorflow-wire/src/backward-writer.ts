/**
 * Writes protobuf's wire form from its end to its beginning: a message's length is known when its
 * prefix is written, and nothing is measured or copied twice.
 *
 * Fields are written in descending order, so that they stand in ascending order.
 */
export class BackwardWriter {
  #buffer: Buffer;
  #at: number;

  /** Takes the number of bytes that will probably do; grows where they do not. */
  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
    this.#at = capacity;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  /** Returns the written bytes. The memory is the caller's; the writer is used up. */
  finish(): Buffer {
    return this.#buffer.subarray(this.#at);
  }

  /** A number of up to 32 bits, unsigned. */
  varint(value: number): void {
    let size = 1;
    for (let rest = value >>> 7; rest !== 0; rest >>>= 7) size++;
    this.#need(size);
    const buffer = this.#buffer;
    let at = this.#at;
    for (; size > 1; size--) {
      buffer[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    buffer[at] = value;
  }

  /** A 64-bit integer; a negative one in two's complement. */
  varint64(value: bigint): void {
    if (value >= 0n && value < 0x8000_0000n) {
      this.varint(Number(value));
      return;
    }
    let rest = BigInt.asUintN(64, value);
    const bytes: number[] = [];
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.bytes(Uint8Array.from(bytes));
  }

  /** A signed number of up to 32 bits: a negative one takes 10 bytes, as protobuf's int32 does. */
  int32(value: number): void {
    if (value >= 0) this.varint(value);
    else this.varint64(BigInt(value));
  }

  bytes(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#buffer.set(bytes, this.#at);
  }

  /** The tag of a length-delimited field and the length of what was written since `end`. */
  prefix(field: number, end: number): void {
    this.varint(this.length - end);
    this.varint((field << 3) | 2);
  }

  /** A whole length-delimited field. */
  bytesField(field: number, content: Uint8Array): void {
    const end = this.length;
    this.bytes(content);
    this.prefix(field, end);
  }

  stringField(field: number, text: string): void {
    this.bytesField(field, Buffer.from(text));
  }

  #need(size: number): void {
    if (size > this.#at) {
      const { length } = this;
      const grown = Buffer.allocUnsafeSlow(2 * (length + size));
      this.#buffer.copy(grown, grown.length - length, this.#at);
      this.#buffer = grown;
      this.#at = grown.length - length;
    }
    this.#at -= size;
  }
}

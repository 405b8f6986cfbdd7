/**
 * Writes protobuf's wire format backwards, so that the length of a message is known when its prefix is written. No
 * message is measured or copied twice.
 *
 * Write fields in descending order; they then appear in ascending order.
 */
export class BackwardWriter {
  #buffer: Buffer;
  #at: number;

  /** Takes the estimated number of bytes, and grows if they do not suffice. */
  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
    this.#at = capacity;
  }

  /** The number of bytes written. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  /** Returns the written bytes. The caller owns the memory; do not use the writer afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(this.#at);
  }

  /** Writes an unsigned number of up to 32 bits. */
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

  /** Writes a 64-bit integer; a negative one in two's complement. */
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

  /** Writes a signed number of up to 32 bits. A negative one takes 10 bytes, as in protobuf's int32. */
  int32(value: number): void {
    if (value >= 0) this.varint(value);
    else this.varint64(BigInt(value));
  }

  bytes(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#buffer.set(bytes, this.#at);
  }

  /** Writes the tag of a length-delimited field and the length of the content written since `end`. */
  prefix(field: number, end: number): void {
    this.varint(this.length - end);
    this.varint((field << 3) | 2);
  }

  /** Writes a complete length-delimited field. */
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

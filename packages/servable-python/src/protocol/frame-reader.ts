import { MAGIC, MAX_BODY_BYTES, MAX_HEADER_BYTES, PREFIX_BYTES } from "./worker-protocol.js";

/** A frame that was read. The body has its own memory. */
export interface Frame {
  /** The number of the call that it answers. 0: none. */
  readonly call: number;
  readonly header: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Bytes to read at a time, unless a larger rest of a body is read to its final place. */
const AHEAD_BYTES = 16_384;

/** Assembles frames from the chunks of a stream, or from bytes that were read into `buffer()`, without a copy if large. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  readonly #ahead = Buffer.alloc(AHEAD_BYTES);
  #target: Uint8Array<ArrayBufferLike> = this.#prefix;
  #filled = 0;
  #header: Buffer | undefined;
  #bodyBytes = 0;
  #call = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /**
   * Reads the next bytes.
   *
   * @throws Error if the bytes are not frames: the stream cannot be read any further.
   */
  push(chunk: Uint8Array): void {
    let offset = 0;
    do {
      const count = Math.min(this.#target.length - this.#filled, chunk.length - offset);
      this.#target.set(chunk.subarray(offset, offset + count), this.#filled);
      this.#filled += count;
      offset += count;
      while (this.#filled === this.#target.length) this.#advance();
    } while (offset < chunk.length);
  }

  /** Returns the memory for the next bytes of the stream. It is not empty. */
  buffer(): Uint8Array {
    return this.#readsAhead ? this.#ahead : this.#target.subarray(this.#filled);
  }

  /**
   * Takes the number of bytes that were read into `buffer()`.
   *
   * @throws Error as `push` does.
   */
  filled(count: number): void {
    if (this.#readsAhead) this.push(this.#ahead.subarray(0, count));
    else {
      this.#filled += count;
      while (this.#filled === this.#target.length) this.#advance();
    }
  }

  get #readsAhead(): boolean {
    return this.#target.length - this.#filled < AHEAD_BYTES;
  }

  /** Processes the completed part: the prefix, the header or the body. */
  #advance(): void {
    if (this.#target === this.#prefix) this.#readPrefix();
    else if (this.#header === undefined) {
      this.#header = this.#target as Buffer;
      this.#expect(unfilled(this.#bodyBytes));
    } else {
      const body = this.#target as Frame["body"];
      const frame = { call: this.#call, header: parse(this.#header), body };
      this.#header = undefined;
      this.#expect(this.#prefix);
      this.#onFrame(frame);
    }
  }

  #readPrefix(): void {
    const magic = this.#prefix.readUInt32LE(0);
    const headerBytes = this.#prefix.readUInt32LE(4);
    const bodyBytes = this.#prefix.readBigUInt64LE(16);
    if (magic !== MAGIC)
      throw new Error("it wrote bytes to the socket of the kit that are not a frame");
    if (headerBytes > MAX_HEADER_BYTES || bodyBytes > MAX_BODY_BYTES) {
      throw new Error(
        `it wrote a frame of ${headerBytes} and ${bodyBytes} bytes, which is too large`,
      );
    }
    this.#call = this.#prefix.readUInt32LE(12);
    this.#bodyBytes = Number(bodyBytes);
    this.#expect(Buffer.alloc(headerBytes));
  }

  #expect(target: Uint8Array): void {
    this.#target = target;
    this.#filled = 0;
  }
}

/** Returns memory that is not filled with zeros, because a frame is passed on only once its body is complete. */
const unfilled = (bytes: number): Frame["body"] =>
  new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer, 0, bytes);

function parse(header: Buffer): Frame["header"] {
  try {
    const value: unknown = JSON.parse(header.toString());
    if (typeof value === "object" && value !== null) return value as Frame["header"];
  } catch {
    // reported below
  }
  throw new Error("it wrote a frame whose header is not a JSON object");
}

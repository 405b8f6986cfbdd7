import { MAGIC, MAX_BODY_BYTES, MAX_HEADER_BYTES, PREFIX_BYTES } from "./worker-protocol.js";

/** A frame that was read. The body has its own memory. */
export interface Frame {
  readonly header: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Assembles frames from the chunks of a stream, which are copied once. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #target: Uint8Array<ArrayBufferLike> = this.#prefix;
  #filled = 0;
  #header: Buffer | undefined;
  #bodyBytes = 0;

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

  /** Processes the completed part: the prefix, the header or the body. */
  #advance(): void {
    if (this.#target === this.#prefix) this.#readPrefix();
    else if (this.#header === undefined) {
      this.#header = this.#target as Buffer;
      this.#expect(new Uint8Array(new ArrayBuffer(this.#bodyBytes)));
    } else {
      const frame = { header: parse(this.#header), body: this.#target as Frame["body"] };
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
    this.#bodyBytes = Number(bodyBytes);
    this.#expect(Buffer.alloc(headerBytes));
  }

  #expect(target: Uint8Array): void {
    this.#target = target;
    this.#filled = 0;
  }
}

function parse(header: Buffer): Frame["header"] {
  try {
    const value: unknown = JSON.parse(header.toString());
    if (typeof value === "object" && value !== null) return value as Frame["header"];
  } catch {
    // reported below
  }
  throw new Error("it wrote a frame whose header is not a JSON object");
}

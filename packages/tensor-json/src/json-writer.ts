import { CHAR } from "./json-text.js";

const HEX = "0123456789ABCDEF";
const SHORT_ESCAPES = new Map([
  [0x08, 0x62],
  [0x09, 0x74],
  [0x0a, 0x6e],
  [0x0c, 0x66],
  [0x0d, 0x72],
  [0x22, 0x22],
  [0x5c, 0x5c],
]);

/**
 * JSON that is being written into memory of a size that is known to suffice.
 *
 * `out` and `at` are open to the loops that write numbers: they write at `at` and move it.
 */
export class JsonWriter {
  readonly out: Buffer;
  at = 0;

  /** @param bound how many bytes will be written at most. */
  constructor(bound: number) {
    this.out = Buffer.allocUnsafe(bound);
  }

  /** Writes ASCII text as it is. */
  raw(text: string): void {
    const { out } = this;
    for (let i = 0; i < text.length; i++) out[this.at++] = text.charCodeAt(i);
  }

  /** Writes a text as a JSON string. */
  text(text: string): void {
    this.string(Buffer.from(text));
  }

  /** Writes bytes as a JSON string; bytes that are not UTF-8 are written as they are. */
  string(bytes: Uint8Array): void {
    const { out } = this;
    let { at } = this;
    out[at++] = CHAR.quote;
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i] as number;
      if (c >= CHAR.space && c !== CHAR.quote && c !== CHAR.backslash) {
        out[at++] = c;
        continue;
      }
      out[at++] = CHAR.backslash;
      const short = SHORT_ESCAPES.get(c);
      if (short !== undefined) out[at++] = short;
      else {
        out[at++] = 0x75;
        out[at++] = CHAR.zero;
        out[at++] = CHAR.zero;
        out[at++] = HEX.charCodeAt(c >> 4);
        out[at++] = HEX.charCodeAt(c & 15);
      }
    }
    out[at++] = CHAR.quote;
    this.at = at;
  }

  /** Writes bytes as `{"b64":"…"}`. */
  base64({ buffer, byteOffset, byteLength }: Uint8Array): void {
    this.raw('{"b64":"');
    const text = Buffer.from(buffer, byteOffset, byteLength).toString("base64");
    this.at += this.out.write(text, this.at, "latin1");
    this.raw('"}');
  }

  /** Returns the written bytes. Do not write any more. */
  finish(): Buffer {
    return this.out.subarray(0, this.at);
  }
}

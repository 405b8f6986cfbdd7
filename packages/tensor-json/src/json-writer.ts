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
 * Writes JSON into memory whose size is known to suffice.
 *
 * The loops that write numbers access `out` and `at` directly: they write at `at` and advance it.
 */
export class JsonWriter {
  readonly out: Buffer;
  at = 0;

  /** @param bound Maximum number of bytes that will be written. */
  constructor(bound: number) {
    this.out = Buffer.allocUnsafe(bound);
  }

  /** Writes ASCII text as it is. */
  raw(text: string): void {
    const { out } = this;
    for (let i = 0; i < text.length; i++) out[this.at++] = text.charCodeAt(i);
  }

  /** Writes a string as a JSON string. */
  text(text: string): void {
    this.string(Buffer.from(text));
  }

  /** Writes bytes as a JSON string. Bytes that are not valid UTF-8 are written unchanged. */
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

  /** Returns the written bytes. Do not write afterwards. */
  finish(): Buffer {
    return this.out.subarray(0, this.at);
  }
}

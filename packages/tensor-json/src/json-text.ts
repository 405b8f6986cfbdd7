/** The characters of JSON that the scanners search for. */
export const CHAR = {
  tab: 0x09,
  newline: 0x0a,
  return: 0x0d,
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** The name of a JSON type in TF Serving's messages. */
export type JsonType = "Null" | "False" | "True" | "Object" | "Array" | "String" | "Number";

/**
 * Returns the text with a final byte that is not part of a number, so that the scanning loops stop within it: cut after
 * the last brace, or else extended with a zero byte.
 */
export function terminated(body: Uint8Array): Uint8Array {
  const last = body.length - 1;
  if (body[last] === CHAR.closeObject) return body;
  const brace = (body[last] as number) <= CHAR.space ? body.lastIndexOf(CHAR.closeObject) : -1;
  if (brace !== -1 && skipSpace(body, brace + 1) > last) return body.subarray(0, brace + 1);
  const copy = new Uint8Array(body.length + 1);
  copy.set(body);
  return copy;
}

/** Returns the position after the UTF-8 byte order mark, if the text starts with one. */
export function byteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** The position of the next character that is not white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let c = bytes[at];
  while (c === CHAR.space || c === CHAR.newline || c === CHAR.return || c === CHAR.tab) {
    c = bytes[++at];
  }
  return at;
}

/** Returns the type of the value that starts at `at`, judged by its first character. */
export function typeAt(bytes: Uint8Array, at: number): JsonType {
  switch (bytes[at]) {
    case CHAR.openObject:
      return "Object";
    case CHAR.openArray:
      return "Array";
    case CHAR.quote:
      return "String";
    case 0x6e:
      return "Null";
    case 0x74:
      return "True";
    case 0x66:
      return "False";
    default:
      return "Number";
  }
}

/** Returns whether the ASCII `word` is at `at`. */
export function hasWord(bytes: Uint8Array, at: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    if (bytes[at + i] !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** Returns whether a byte is a decimal digit. */
export const isDigit = (c: number | undefined) =>
  c !== undefined && c >= CHAR.zero && c <= CHAR.nine;

/** Returns the first position of a byte at or after `from`; -1 without one. Native, unlike that of a Uint8Array. */
export const indexOfByte = (bytes: Uint8Array, byte: number, from = 0): number =>
  Buffer.prototype.indexOf.call(bytes, byte, from);

/** Returns the bytes between two positions as a string, with one character for each byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

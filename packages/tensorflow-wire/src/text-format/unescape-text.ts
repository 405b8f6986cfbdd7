import { TextFormatError } from "./text-format-error.js";

const ESCAPE =
  /([0-7]{1,3})|[xX]([\da-fA-F]{1,2})|(?:u([\da-fA-F]{4})|U([\da-fA-F]{8}))|([abfnrtv?\\'"])/y;

const LETTERS: Readonly<Record<string, number>> = {
  ...{ a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "?": 63, "\\": 92, "'": 39, '"': 34 },
};

/**
 * Returns the bytes of a string of a text, without its quotes. Octal and hexadecimal escapes are bytes, not characters.
 *
 * @throws TextFormatError for an escape that is not known.
 */
export function unescapeText(raw: string, line: number): Buffer {
  // An escape is never shorter than its bytes.
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(raw));
  let size = 0;
  let at = 0;
  for (;;) {
    const slash = raw.indexOf("\\", at);
    if (slash !== at) size += bytes.write(raw.slice(at, slash === -1 ? undefined : slash), size);
    if (slash === -1) return bytes.subarray(0, size);
    ESCAPE.lastIndex = slash + 1;
    const found = ESCAPE.exec(raw);
    const code = found === null ? undefined : codeOf(found);
    if (code === undefined) {
      throw new TextFormatError(`illegal string escape '\\${raw[slash + 1]}'`, line);
    }
    if (typeof code === "string") size += bytes.write(code, size);
    else bytes[size++] = code;
    at = ESCAPE.lastIndex;
  }
}

/** Returns the byte or the character of an escape; undefined if there is no such character. */
function codeOf([, octal, byte, short, long, letter]: RegExpExecArray):
  | number
  | string
  | undefined {
  if (octal !== undefined) return Number.parseInt(octal, 8) & 255;
  if (byte !== undefined) return Number.parseInt(byte, 16);
  if (letter !== undefined) return LETTERS[letter];
  const point = Number.parseInt((short ?? long) as string, 16);
  const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
  return isCharacter ? String.fromCodePoint(point) : undefined;
}

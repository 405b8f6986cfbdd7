import type { MemoryAllowance } from "@serving-kit/inference";
import { errors } from "./errors.js";
import { skipString, stringAt, stringEnd, textAt } from "./json-string.js";
import { CHAR, indexOfByte, latin1, skipSpace } from "./json-text.js";
import { skipColon } from "./json-value.js";

/**
 * Digits that are decoded at a time, a multiple of four: longer strings would be large objects, whose garbage V8 collects
 * only together with the old generation.
 */
const PART = 49_152;

const [PAD, MINUS, UNDERSCORE] = [0x3d, 0x2d, 0x5f];

/**
 * Returns whether the object at `at` is `{"b64": "…"}`: a single key with a string value. Returns false for any other
 * object. The string itself is not checked.
 */
export function isBase64Object(bytes: Uint8Array, at: number): boolean {
  return stringStart(bytes, at) !== -1;
}

/**
 * Decodes the base64 object at `at`.
 *
 * @throws ServingError INVALID_ARGUMENT / REQUEST_UNFIT `Unable to base64 decode` for any other alphabet than the
 * standard one. Padding is optional, white space is ignored.
 */
export function base64At(bytes: Uint8Array, at: number, allowance?: MemoryAllowance): Uint8Array {
  const start = stringStart(bytes, at);
  const end = stringEnd(bytes, start);
  allowance?.take(2 * (end - start)); // for the text and the decoded bytes
  return (
    decodedDigits(bytes.subarray(start + 1, end - 1)) ?? decodedString(bytes, start, allowance)
  );
}

/** Decodes text without white space and escapes. Returns undefined if it is anything else than digits and padding. */
function decodedDigits(text: Uint8Array): Uint8Array | undefined {
  const padding = text.at(-1) !== PAD ? 0 : text.at(-2) !== PAD ? 1 : 2;
  const digits = text.length - padding;
  if (!isLength(digits, padding) || hasByte(text, MINUS) || hasByte(text, UNDERSCORE)) {
    return undefined;
  }
  const length = Math.floor((3 * digits) / 4);
  const decoded = Buffer.allocUnsafe(length);
  let written = 0;
  for (let start = 0; start < digits; start += PART) {
    written += decoded.write(
      latin1(text, start, Math.min(start + PART, digits)),
      written,
      "base64",
    );
  }
  // Node skips characters of no alphabet, so that fewer bytes are decoded, and accepts the URL's alphabet.
  return written === length ? decoded : undefined;
}

/** Decodes the string at `start`, with white space and escapes. */
function decodedString(bytes: Uint8Array, start: number, allowance?: MemoryAllowance): Uint8Array {
  const content = stringAt(bytes, start, skipString(bytes, start), allowance);
  const text = latin1(content, 0, content.length).replace(/[ \t\r\n\v\f]+/g, "");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  if (!isLength(digits, padding) || !/^[A-Za-z0-9+/]*$/.test(text.slice(0, digits))) {
    throw errors.requestUnfit("Unable to base64 decode");
  }
  return Buffer.from(text, "base64");
}

const hasByte = (text: Uint8Array, byte: number) => indexOfByte(text, byte) !== -1;

const isLength = (digits: number, padding: number) =>
  digits % 4 !== 1 && (padding === 0 || (digits + padding) % 4 === 0);

/** The position of the string's quote; -1 if the object at `at` is not `{"b64": "…"}`. The string is not checked. */
function stringStart(bytes: Uint8Array, at: number): number {
  const key = skipSpace(bytes, at + 1);
  if (bytes[key] !== CHAR.quote) return -1;
  const keyEnd = skipString(bytes, key);
  if (keyEnd - key > 32 || textAt(bytes, key, keyEnd) !== "b64") return -1;
  const start = skipSpace(bytes, skipColon(bytes, keyEnd));
  if (bytes[start] !== CHAR.quote) return -1;
  const end = stringEnd(bytes, start);
  return end !== -1 && bytes[skipSpace(bytes, end)] === CHAR.closeObject ? start : -1;
}

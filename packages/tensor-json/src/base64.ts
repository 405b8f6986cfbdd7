import type { MemoryAllowance } from "@serving-kit/inference";
import { errors } from "./errors.js";
import { skipString, stringAt, textAt } from "./json-string.js";
import { CHAR, latin1, skipSpace } from "./json-text.js";
import { skipColon } from "./json-value.js";

/**
 * Returns whether the object at `at` is `{"b64": "…"}`: a single key with a string value. Returns false for any other
 * object and for malformed text.
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
  const end = skipString(bytes, start);
  allowance?.take(2 * (end - start)); // for the text and the decoded bytes
  const content = stringAt(bytes, start, end, allowance);
  const text = latin1(content, 0, content.length).replace(/[ \t\r\n\v\f]+/g, "");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  if (
    digits % 4 === 1 ||
    (padding > 0 && text.length % 4 !== 0) ||
    !/^[A-Za-z0-9+/]*$/.test(text.slice(0, digits))
  ) {
    throw errors.requestUnfit("Unable to base64 decode");
  }
  return Buffer.from(text, "base64");
}

function stringStart(bytes: Uint8Array, at: number): number {
  const key = skipSpace(bytes, at + 1);
  if (bytes[key] !== CHAR.quote) return -1;
  const keyEnd = skipString(bytes, key);
  if (keyEnd - key > 32 || textAt(bytes, key, keyEnd) !== "b64") return -1;
  const start = skipSpace(bytes, skipColon(bytes, keyEnd));
  if (bytes[start] !== CHAR.quote) return -1;
  const end = skipSpace(bytes, skipString(bytes, start));
  return bytes[end] === CHAR.closeObject ? start : -1;
}

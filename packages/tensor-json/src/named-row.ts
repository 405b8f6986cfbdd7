import { isBase64Object } from "./base64.js";
import { CHAR, hasWord } from "./json-text.js";

/** Returns whether a value is null. */
export const isNull = (bytes: Uint8Array, at: number) => hasWord(bytes, at, "null");

/** Returns whether a value is an object with inputs by name, and not a base64 string. */
export const isNamedRow = (bytes: Uint8Array, at: number) =>
  bytes[at] === CHAR.openObject && !isBase64Object(bytes, at);

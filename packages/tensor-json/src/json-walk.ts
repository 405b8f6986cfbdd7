import { skipString, textAt } from "./json-string.js";
import { CHAR, latin1, skipSpace, typeAt } from "./json-text.js";
import { numberAt, skipColon, skipValue } from "./json-value.js";

/** The position of a value in a checked text. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** A member of an object: its key and the position of its value. */
export interface JsonMember extends JsonSpan {
  readonly key: string;
  /** The value, if it is a string. */
  readonly text?: string;
}

/** Yields the members of the checked object at `at`, in order, including repeated keys. */
export function* membersOf(bytes: Uint8Array, at: number): Generator<JsonMember> {
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CHAR.closeObject) {
    const keyEnd = skipString(bytes, at);
    const start = skipSpace(bytes, skipColon(bytes, keyEnd));
    const end = skipValue(bytes, start);
    const key = textAt(bytes, at, keyEnd);
    yield bytes[start] === CHAR.quote
      ? { key, start, end, text: textAt(bytes, start, end) }
      : { key, start, end };
    at = skipSpace(bytes, end);
    if (bytes[at] === CHAR.comma) at = skipSpace(bytes, at + 1);
  }
}

/** Yields the elements of the checked array at `at`, in order. */
export function* elementsOf(bytes: Uint8Array, at: number): Generator<JsonSpan> {
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CHAR.closeArray) {
    const end = skipValue(bytes, at);
    yield { start: at, end };
    at = skipSpace(bytes, end);
    if (bytes[at] === CHAR.comma) at = skipSpace(bytes, at + 1);
  }
}

/** Returns whether the checked number token has no fraction or exponent and fits int64 or uint64. */
export function isIntegerToken(token: string): boolean {
  if (!/^-?[0-9]+$/.test(token)) return false;
  if (token.length < 19) return true;
  if (token.length > 20) return false;
  const value = BigInt(token);
  return value >= -(2n ** 63n) && value < 2n ** 64n;
}

const MAX_TEXT = 200;

/**
 * Returns the checked value between two positions as TF Serving's messages show it: numbers in RapidJSON's format, all
 * other values as they were sent, truncated after 200 characters.
 */
export function valueText(bytes: Uint8Array, start: number, end: number): string {
  if (typeAt(bytes, start) === "Number") {
    const token = latin1(bytes, start, end);
    if (!isIntegerToken(token)) return doubleText(numberOf(bytes, start, end));
    return token === "-0" ? "0" : token;
  }
  const shown = Math.min(end, start + MAX_TEXT);
  const { buffer, byteOffset } = bytes;
  const text = Buffer.from(buffer, byteOffset + start, shown - start).toString();
  return shown === end ? text : `${text}...`;
}

/** Returns the shortest decimal that reads back as the double, always with `.` or `e`: `1.0`, `1e39`. */
function doubleText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value).replace("e+", "e");
  return /^-?[0-9]+$/.test(text) ? `${text}.0` : text;
}

/** Returns the double nearest to a checked number token, which may be `NaN`, `Inf` or `-Infinity`. */
export function numberOf(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] === CHAR.minus ? start + 1 : start;
  if (bytes[first] === 0x4e) return Number.NaN;
  if (bytes[first] !== 0x49) return numberAt(bytes, start, end);
  return first === start ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

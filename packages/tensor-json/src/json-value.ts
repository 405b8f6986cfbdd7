import { runToEnd, type Steps } from "@serving-kit/core";
import { errors } from "./errors.js";
import { skipString } from "./json-string.js";
import { CHAR, hasWord, isDigit, latin1, skipSpace } from "./json-text.js";

/** Maximum nesting depth of arrays and objects. TensorFlow's tensors rarely exceed rank 8. */
export const MAX_DEPTH = 64;

/** Number of bytes that are read between two pauses. */
export const STEP_BYTES = 65_536;

/**
 * Checks the value that starts at `at` and returns the position after it.
 *
 * Accepts the values that TF Serving's reader accepts: JSON, and `NaN`, `Inf`, `Infinity` with or without a minus as
 * numbers. Byte sequences in strings are not checked for UTF-8.
 *
 * @throws ServingError INVALID_ARGUMENT / JSON_INVALID with RapidJSON's text and the offset.
 */
export function skipValue(bytes: Uint8Array, at: number, depth = 0): number {
  return isList(bytes[at]) ? runToEnd(skipList(bytes, at, depth)) : skipScalar(bytes, at);
}

/** `skipValue` with pauses: an array or an object may be as long as the text. */
export function* skipInSteps(bytes: Uint8Array, at: number, depth = 0): Steps<number> {
  return isList(bytes[at]) ? yield* skipList(bytes, at, depth) : skipScalar(bytes, at);
}

const isList = (c: number | undefined) => c === CHAR.openArray || c === CHAR.openObject;

function skipScalar(bytes: Uint8Array, at: number): number {
  const c = bytes[at];
  if (c === CHAR.quote) return skipString(bytes, at);
  if (c === 0x74) return skipWord(bytes, at, "true");
  if (c === 0x66) return skipWord(bytes, at, "false");
  if (c === 0x6e) return skipWord(bytes, at, "null");
  return skipNumber(bytes, at);
}

function* skipList(bytes: Uint8Array, at: number, depth: number): Steps<number> {
  /** The closing characters of the open lists and objects. */
  const closing: number[] = [];
  let pauseAt = at + STEP_BYTES;
  for (;;) {
    const c = bytes[at] as number;
    if (isList(c)) {
      if (depth + closing.length >= MAX_DEPTH) {
        throw errors.jsonSyntax(`nested deeper than ${MAX_DEPTH} levels`, at);
      }
      const close = c === CHAR.openArray ? CHAR.closeArray : CHAR.closeObject;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== close) {
        closing.push(close);
        at = startOfElement(bytes, at, close);
        continue;
      }
      at++;
    } else at = skipScalar(bytes, at);
    for (;;) {
      const close = closing.at(-1);
      if (close === undefined) return at;
      at = skipSpace(bytes, at);
      if (bytes[at] === CHAR.comma) {
        at = startOfElement(bytes, skipSpace(bytes, at + 1), close);
        break;
      }
      if (bytes[at] !== close) {
        const kind =
          close === CHAR.closeArray ? "] after an array element" : "} after an object member";
        throw errors.jsonSyntax(`Missing a comma or ${kind}.`, at);
      }
      closing.pop();
      at++;
    }
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
  }
}

/** Returns the position of an element's value, or of a member's value after its name. */
function startOfElement(bytes: Uint8Array, at: number, close: number): number {
  if (close === CHAR.closeArray) return at;
  return skipSpace(bytes, skipColon(bytes, skipKey(bytes, at)));
}

function skipKey(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== CHAR.quote) throw errors.jsonSyntax("Missing a name for object member.", at);
  return skipString(bytes, at);
}

/** Returns the position after the colon that must follow a key. */
export function skipColon(bytes: Uint8Array, at: number): number {
  at = skipSpace(bytes, at);
  if (bytes[at] !== CHAR.colon) {
    throw errors.jsonSyntax("Missing a colon after a name of object member.", at);
  }
  return at + 1;
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  if (!hasWord(bytes, at, word)) throw errors.jsonSyntax("Invalid value.", at + 1);
  return at + word.length;
}

/** Returns the length of `NaN`, `Inf` or `Infinity` at `at`; 0 if none is there. */
export function nonFiniteLength(bytes: Uint8Array, at: number): number {
  if (hasWord(bytes, at, "NaN")) return 3;
  if (!hasWord(bytes, at, "Inf")) return 0;
  return hasWord(bytes, at + 3, "inity") ? 8 : 3;
}

function skipNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === CHAR.minus ? start + 1 : start;
  const nonFinite = nonFiniteLength(bytes, at);
  if (nonFinite > 0) return at + nonFinite;
  if (!isDigit(bytes[at])) throw errors.jsonSyntax("Invalid value.", at);
  if (bytes[at] === CHAR.zero) at++;
  else while (isDigit(bytes[at])) at++;
  if (bytes[at] === CHAR.dot) {
    if (!isDigit(bytes[++at])) throw errors.jsonSyntax("Miss fraction part in number.", at);
    while (isDigit(bytes[at])) at++;
  }
  const hasExponent = ((bytes[at] as number) | 0x20) === 0x65;
  if (hasExponent) {
    at++;
    if (bytes[at] === CHAR.plus || bytes[at] === CHAR.minus) at++;
    if (!isDigit(bytes[at])) throw errors.jsonSyntax("Miss exponent in number.", at);
    while (isDigit(bytes[at])) at++;
  }
  if ((hasExponent || at - start > 300) && !Number.isFinite(numberAt(bytes, start, at))) {
    throw errors.jsonSyntax("Number too big to be stored in double.", start);
  }
  return at;
}

/** Returns the double nearest to the number token between two positions. */
export function numberAt(bytes: Uint8Array, start: number, end: number): number {
  return Number(latin1(bytes, start, end));
}

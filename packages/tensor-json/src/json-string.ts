import type { MemoryAllowance } from "@serving-kit/inference";
import { errors } from "./errors.js";
import { CHAR, hasWord, indexOfByte, isDigit } from "./json-text.js";

// Constants of this module: the engine folds them into the loop, but not imported ones.
const { backslash: BACKSLASH, quote: QUOTE, space: SPACE } = CHAR;

/** Returns the position after the string that starts with the quote at `at`, and checks escapes. */
export function skipString(bytes: Uint8Array, at: number): number {
  const start = at++;
  let longAt = at + LONG;
  for (;;) {
    const c = bytes[at] as number;
    if (c === QUOTE) return at + 1;
    if (c === BACKSLASH) at = skipEscape(bytes, at);
    else if (c >= SPACE) at++;
    else if (c > 0) throw errors.jsonSyntax("Invalid encoding in string.", at);
    else throw errors.jsonSyntax("Missing a closing quotation mark in string.", start);
    if (at < longAt || ((bytes.byteOffset + at) & 3) !== 0) continue;
    at = skipWords(bytes, at);
    longAt = at + LONG;
  }
}

/** A string longer than this, in bytes, is read four bytes at a time. */
const LONG = 256;

/**
 * Returns the position of the first word with a quote, a backslash or a control character, of the words from `at`,
 * which must be aligned. A byte is 0 if subtracting 1 sets its high bit, which it did not have; a byte below a space is
 * found in the same way.
 */
function skipWords(bytes: Uint8Array, at: number): number {
  const { buffer, byteOffset, length } = bytes;
  const words = new Int32Array(buffer, byteOffset + at, Math.max(0, length - at) >> 2);
  let i = 0;
  for (; i < words.length; i++) {
    const word = words[i] as number;
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    const found =
      ((word - 0x20202020) & ~word) |
      ((quotes - 0x01010101) & ~quotes) |
      ((backslashes - 0x01010101) & ~backslashes);
    if ((found & 0x80808080) !== 0) break;
  }
  return at + 4 * i;
}

/**
 * Returns the position after the string that starts with the quote at `at`, without checking it; -1 if nothing closes
 * it.
 */
export function stringEnd(bytes: Uint8Array, at: number): number {
  for (let quote = at; ; ) {
    quote = indexOfByte(bytes, QUOTE, quote + 1);
    if (quote === -1) return -1;
    let escapes = 0;
    while (bytes[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote + 1;
  }
}

function skipEscape(bytes: Uint8Array, at: number): number {
  const c = bytes[at + 1];
  if (c !== 0x75) {
    if (c !== undefined && SIMPLE_ESCAPES.has(c)) return at + 2;
    throw errors.jsonSyntax("Invalid escape character in string.", at);
  }
  const unit = hexAt(bytes, at + 2);
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const isPair = unit < 0xdc00 && bytes[at + 6] === BACKSLASH && bytes[at + 7] === 0x75;
  const low = isPair ? hexAt(bytes, at + 8) : 0;
  if (low < 0xdc00 || low > 0xdfff) {
    throw errors.jsonSyntax("The surrogate pair in string is invalid.", at);
  }
  return at + 12;
}

function hexAt(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let i = 0; i < 4; i++) {
    const c = bytes[at + i] ?? 0;
    const digit = isDigit(c) ? c - CHAR.zero : (c | 0x20) - 0x61 + 10;
    if (digit < 0 || digit > 15 || (digit > 9 && (c | 0x20) < 0x61)) {
      throw errors.jsonSyntax("Incorrect hex digit after \\u escape in string.", at - 2);
    }
    unit = unit * 16 + digit;
  }
  return unit;
}

/**
 * Returns the bytes of the checked string between the quotes at `start` and `end - 1`, with escapes resolved. Without
 * escapes it is a view of the text; otherwise a copy, whose memory is taken from the allowance.
 */
export function stringAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  allowance?: MemoryAllowance,
): Uint8Array {
  const raw = bytes.subarray(start + 1, end - 1);
  const first = raw.indexOf(BACKSLASH);
  if (first === -1) return raw;
  allowance?.take(raw.length);
  return resolveEscapes(raw, first);
}

/** Decodes the checked string between two positions as UTF-8. */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  const { buffer, byteOffset, byteLength } = stringAt(bytes, start, end);
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

/** Returns the name in `names` that equals the key between two positions; undefined if none does. */
export function knownKeyAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  names: readonly string[],
): string | undefined {
  // The names of inputs are short, and escapes make a name at most six times longer.
  if (end - start > MAX_ESCAPED_KEY && !names.some(({ length }) => 6 * length + 2 >= end - start)) {
    return undefined;
  }
  let hasEscape = false;
  for (let at = start + 1; at < end - 1 && !hasEscape; at++) hasEscape = bytes[at] === BACKSLASH;
  if (hasEscape && end - start > MAX_ESCAPED_KEY) return undefined;
  if (hasEscape) {
    const key = textAt(bytes, start, end);
    return names.includes(key) ? key : undefined;
  }
  return names.find((name) => end - start === name.length + 2 && hasWord(bytes, start + 1, name));
}

/** A longer key with escapes cannot be one of the keys of a request. */
const MAX_ESCAPED_KEY = 200;

/** Maximum number of names that `keyAt` compares a key with. */
const MAX_COMPARED = 16;

/** `textAt` of a key, faster if it is one of the first `names`, written without escapes. */
export function keyAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  names: readonly string[],
): string {
  for (let i = 0; i < names.length && i < MAX_COMPARED; i++) {
    const name = names[i] as string;
    const isName = end - start === name.length + 2 && hasWord(bytes, start + 1, name);
    if (isName && !name.includes("\\")) return name;
  }
  return textAt(bytes, start, end);
}

const SIMPLE_ESCAPES = new Map([
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);

function resolveEscapes(raw: Uint8Array, first: number): Uint8Array {
  const out = Buffer.alloc(raw.length);
  out.set(raw.subarray(0, first));
  let length = first;
  for (let at = first; at < raw.length; ) {
    const c = raw[at] as number;
    if (c !== BACKSLASH) {
      out[length++] = c;
      at++;
      continue;
    }
    const escaped = raw[at + 1] as number;
    if (escaped !== 0x75) {
      out[length++] = SIMPLE_ESCAPES.get(escaped) as number;
      at += 2;
      continue;
    }
    const unit = hexAt(raw, at + 2);
    const isPair = unit >= 0xd800 && unit <= 0xdfff;
    const text = String.fromCharCode(unit, ...(isPair ? [hexAt(raw, at + 8)] : []));
    length += out.write(text, length, "utf8");
    at += isPair ? 12 : 6;
  }
  return out.subarray(0, length);
}

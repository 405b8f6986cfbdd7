import { runToEnd, type Steps } from "@serving-kit/core";
import { errors } from "./errors.js";
import { knownKeyAt, skipString, textAt } from "./json-string.js";
import { byteOrderMark, CHAR, skipSpace, typeAt } from "./json-text.js";
import { STEP_BYTES, skipColon, skipInSteps } from "./json-value.js";
import { type JsonMember, valueText } from "./json-walk.js";

/**
 * Checks the top level of a request: that it is a JSON object, and finds the members with these keys.
 *
 * @throws ServingError INVALID_ARGUMENT / JSON_INVALID or JSON_UNFIT with TF Serving's text.
 */
export function openRequest<K extends string>(bytes: Uint8Array, keys: readonly K[]): Request<K> {
  return runToEnd(openRequestInSteps(bytes, keys));
}

/** The members of a request that have the given keys, and the position of its object. */
export interface Request<K extends string> {
  readonly document: JsonMember;
  readonly members: Members<K>;
}

/** `openRequest` with a pause after about every 64 KiB. */
export function* openRequestInSteps<K extends string>(
  bytes: Uint8Array,
  keys: readonly K[],
): Steps<Request<K>> {
  const start = skipSpace(bytes, byteOrderMark(bytes));
  if (!bytes[start]) {
    throw start === 0 ? errors.jsonEmpty() : errors.jsonSyntax("The document is empty.", start);
  }
  const end = yield* skipInSteps(bytes, start);
  if (typeAt(bytes, start) !== "Object") {
    throw errors.jsonUnfit(valueText(bytes, start, end), "Is not object");
  }
  const members = new Map<K, JsonMember>();
  let at = skipSpace(bytes, start + 1);
  let pauseAt = at + STEP_BYTES;
  while (bytes[at] !== CHAR.closeObject) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
    const keyEnd = skipString(bytes, at);
    const key = knownKeyAt(bytes, at, keyEnd, keys) as K | undefined;
    const from = skipSpace(bytes, skipColon(bytes, keyEnd));
    const to = yield* skipInSteps(bytes, from);
    if (key !== undefined && !members.has(key)) members.set(key, memberAt(bytes, key, from, to));
    at = skipSpace(bytes, to);
    if (bytes[at] === CHAR.comma) at = skipSpace(bytes, at + 1);
  }
  return { document: { key: "", start, end }, members };
}

function memberAt(bytes: Uint8Array, key: string, start: number, end: number): JsonMember {
  if (bytes[start] !== CHAR.quote) return { key, start, end };
  return { key, start, end, text: textAt(bytes, start, end) };
}

/** The members of an object by key; of repeated keys the first counts. */
export type Members<K extends string = string> = ReadonlyMap<K, JsonMember>;

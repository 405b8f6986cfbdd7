import { runToEnd, type Steps } from "@serving-kit/core";
import { type MemoryAllowance, OBJECT_BYTES } from "@serving-kit/inference";
import {
  base64At,
  CHAR,
  DOUBLES,
  isBase64Object,
  isDigit,
  isIntegerToken,
  type JsonSpan,
  latin1,
  numberOf,
  openRequestInSteps,
  STEP_BYTES,
  scanNumber,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  stringAt,
  terminated,
  textAt,
  typeAt,
  valueText,
} from "@serving-kit/tensor-json";
import type { ExamplesCall } from "../calls/classify.js";
import { errors } from "../errors.js";
import type { RunSteps } from "./decode-body.js";
import { ExampleFeature, encodeExample } from "./example-proto.js";

/**
 * Reads the body of a classify or regress request: `examples`, a list of objects that map feature names to a value or a
 * list of values, and optionally `context`, features that all examples share.
 *
 * The form of a number decides its kind: `1` is an int64 feature, `1.0` a float feature. `true` and `false` are int64;
 * strings and `{"b64": …}` are bytes. All values of one feature have the same kind.
 *
 * The examples are decoded on request, after the signature was found. Their memory is taken from the allowance first.
 *
 * @throws ServingError of the allowance; INVALID_ARGUMENT with TF Serving's text.
 */
export function decodeExamples(body: Uint8Array, allowance: MemoryAllowance): DecodedExamples {
  return runToEnd(decodeExamplesInSteps(body, allowance, runToEnd)) as DecodedExamples;
}

interface DecodedExamples extends ExamplesCall {
  examples(): readonly Uint8Array[];
}

/** `decodeExamples` with a pause after about every 64 KiB. `run` runs the decoding of the examples. */
export function* decodeExamplesInSteps(
  body: Uint8Array,
  allowance: MemoryAllowance,
  run: RunSteps,
): Steps<ExamplesCall> {
  const bytes = terminated(body);
  const keys = ["signature_name", "examples", "context"] as const;
  const { document, members } = yield* openRequestInSteps(bytes, keys);
  const unfit = (problem: string) =>
    errors.jsonUnfit(valueText(bytes, document.start, document.end), problem);

  const named = members.get("signature_name");
  if (named && named.text === undefined) {
    throw unfit("not formatted correctly. 'signature_name' key must be a string value.");
  }
  const list = members.get("examples");
  if (list === undefined) {
    throw unfit("When method is classify, key 'examples' is expected and was not found");
  }
  if (bytes[list.start] !== CHAR.openArray) {
    throw unfit("Expecting 'examples' value to be an list/array");
  }
  if (bytes[skipSpace(bytes, list.start + 1)] === CHAR.closeArray) {
    throw unfit("'examples' value is an empty array");
  }
  const context = members.get("context");
  return {
    signature: named?.text,
    examples: () => run(examplesAt(bytes, list, context, allowance)),
  };
}

/** Maximum bytes of a number, as text plus as a varint. */
const NUMBER_BYTES = 16;

/** Returns the memory in bytes that the examples between two positions take as objects and as messages. */
function* costOf(bytes: Uint8Array, { start, end }: JsonSpan): Steps<number> {
  let cost = 0;
  let pauseAt = start + STEP_BYTES;
  for (let at = start; at < end; ) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
    const c = bytes[at];
    if (c === CHAR.quote) {
      const stringEnd = skipString(bytes, at);
      cost += OBJECT_BYTES.view + 2 * (stringEnd - at);
      at = stringEnd;
      continue;
    }
    if (c === CHAR.openObject) cost += OBJECT_BYTES.entry;
    else if (c === CHAR.colon) cost += OBJECT_BYTES.entry;
    else if (c === CHAR.comma) cost += NUMBER_BYTES;
    at++;
  }
  return cost;
}

/** Returns the serialized examples of a list, each joined with the context if there is one. */
function* examplesAt(
  bytes: Uint8Array,
  list: JsonSpan,
  context: JsonSpan | undefined,
  allowance: MemoryAllowance,
): Steps<readonly Uint8Array[]> {
  const contextCost = context ? yield* costOf(bytes, context) : 0;
  allowance.take((yield* costOf(bytes, list)) + contextCost);
  const shared = context && (yield* exampleAt(bytes, context.start)).example;
  const examples: Uint8Array[] = [];
  let at = skipSpace(bytes, list.start + 1);
  let pauseAt = at + STEP_BYTES;
  while (bytes[at] !== CHAR.closeArray) {
    const { example, end } = yield* exampleAt(bytes, at);
    if (shared) allowance.take(shared.length);
    // Two concatenated serialized messages are the serialization of their merge.
    examples.push(shared ? Buffer.concat([shared, example]) : example);
    at = nextElement(bytes, end);
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
  }
  return examples;
}

/** The position of the element after one that ends at `end`, or of the bracket that closes the list. */
function nextElement(bytes: Uint8Array, end: number): number {
  const at = skipSpace(bytes, end);
  return bytes[at] === CHAR.comma ? skipSpace(bytes, at + 1) : at;
}

/** The serialized example at a position in the checked text, and the position after it. */
function* exampleAt(
  bytes: Uint8Array,
  start: number,
): Steps<{ readonly example: Uint8Array; readonly end: number }> {
  const type = typeAt(bytes, start);
  if (type !== "Object") {
    throw errors.requestUnfit(`Example must be JSON object but got JSON ${type}`);
  }
  const features = new Map<string, ExampleFeature>();
  let at = skipSpace(bytes, start + 1);
  let pauseAt = at + STEP_BYTES;
  while (bytes[at] !== CHAR.closeObject) {
    const keyEnd = skipString(bytes, at);
    const key = textAt(bytes, at, keyEnd);
    at = skipSpace(bytes, skipColon(bytes, keyEnd));
    const feature = new ExampleFeature();
    let end: number;
    if (bytes[at] === CHAR.openArray) end = yield* addList(bytes, at, key, feature);
    else {
      end = skipValue(bytes, at);
      addValue(bytes, { start: at, end }, key, feature);
    }
    features.set(key, feature);
    at = nextElement(bytes, end);
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
  }
  return { example: yield* encodeExample(features), end: at + 1 };
}

/**
 * Adds the elements of a checked list without creating an object for each number, because there may be millions.
 * Returns the position after the list.
 */
function* addList(
  bytes: Uint8Array,
  at: number,
  name: string,
  feature: ExampleFeature,
): Steps<number> {
  at = skipSpace(bytes, at + 1);
  let pauseAt = at + STEP_BYTES;
  while (bytes[at] !== CHAR.closeArray) {
    const isNumber = bytes[at] === CHAR.minus || isDigit(bytes[at]);
    const scanned = isNumber ? scanNumber(bytes, at, scratch, 0, DOUBLES) : -1;
    const end = scanned === -1 ? skipValue(bytes, at) : scanned;
    if (isNumber) addNumber(bytes, at, end, name, feature);
    else addValue(bytes, { start: at, end }, name, feature);
    at = bytes[end] === CHAR.comma ? end + 1 : skipSpace(bytes, end);
    if (bytes[at] === CHAR.comma) at++;
    at = skipSpace(bytes, at);
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
  }
  return at + 1;
}

function addValue(
  bytes: Uint8Array,
  { start, end }: JsonSpan,
  name: string,
  feature: ExampleFeature,
): void {
  const type = typeAt(bytes, start);
  if (type === "String") {
    expectKind(name, feature, "bytes");
    feature.addBytes(stringAt(bytes, start, end));
  } else if (type === "Number") addNumber(bytes, start, end, name, feature);
  else if (type === "True" || type === "False") {
    expectKind(name, feature, "int64");
    feature.addInt64(type === "True" ? 1n : 0n);
  } else if (type === "Object" && isBase64Object(bytes, start)) {
    expectKind(name, feature, "bytes");
    feature.addBytes(base64At(bytes, start));
  } else {
    throw errors.requestUnfit(`Feature: ${name} has element with unexpected JSON type: ${type}`);
  }
}

function addNumber(
  bytes: Uint8Array,
  start: number,
  end: number,
  name: string,
  feature: ExampleFeature,
): void {
  if (hasDigitsOnly(bytes, start, end)) {
    if (end - start <= MAX_EXACT_LENGTH) {
      expectKind(name, feature, "int64");
      feature.addInt64(integerAt(bytes, start, end));
      return;
    }
    const token = latin1(bytes, start, end);
    if (isIntegerToken(token)) {
      expectKind(name, feature, "int64");
      const value = BigInt(token);
      if (value >= 2n ** 63n) {
        throw errors.requestUnfit(
          `Feature: ${name} has uint64_t element. Only int64_t is supported.`,
        );
      }
      feature.addInt64(value);
      return;
    }
  }
  expectKind(name, feature, "float");
  const isScanned = scanNumber(bytes, start, scratch, 0, DOUBLES) === end;
  feature.addFloat(isScanned ? (scratch[0] as number) : numberOf(bytes, start, end));
}

/** Integers with at most this many characters are exact as numbers. */
const MAX_EXACT_LENGTH = 15;

const scratch = new Float64Array(1);

function hasDigitsOnly(bytes: Uint8Array, start: number, end: number): boolean {
  let at = bytes[start] === CHAR.minus ? start + 1 : start;
  while (at < end && isDigit(bytes[at])) at++;
  return at === end;
}

function integerAt(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === CHAR.minus;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++) {
    value = value * 10 + (bytes[at] as number) - CHAR.zero;
  }
  return isNegative ? -value : value;
}

function expectKind(name: string, feature: ExampleFeature, kind: "bytes" | "float" | "int64") {
  if (feature.kind === undefined || feature.kind === kind) return;
  throw errors.requestUnfit(
    `Unexpected element type in feature: ${name} expecting type: ${feature.kind}`,
  );
}

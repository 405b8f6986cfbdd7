import { type MemoryAllowance, OBJECT_BYTES } from "@serving-kit/inference";
import {
  base64At,
  CHAR,
  DOUBLES,
  elementsOf,
  isBase64Object,
  isDigit,
  isIntegerToken,
  type JsonSpan,
  latin1,
  membersOf,
  numberOf,
  openRequest,
  scanNumber,
  skipSpace,
  skipString,
  skipValue,
  stringAt,
  terminated,
  typeAt,
  valueText,
} from "@serving-kit/tensor-json";
import type { ExamplesCall } from "../calls/classify.js";
import { errors } from "../errors.js";
import { ExampleFeature, encodeExample } from "./example-proto.js";

/**
 * Reads the body of a classify or regress request: `examples`, a list of objects from feature names
 * to a value or a list of values, and optionally `context`, features that all examples share.
 *
 * The form of a number decides: `1` is an int64 feature, `1.0` a float feature. `true` and `false`
 * are int64, strings and `{"b64": …}` are bytes; one feature holds one kind.
 *
 * The examples are decoded when they are asked for, after the signature was found. Their memory is taken from the
 * allowance first.
 *
 * @throws ServingError of the allowance; INVALID_ARGUMENT with TF Serving's text.
 */
export function decodeExamples(body: Uint8Array, allowance: MemoryAllowance): ExamplesCall {
  const bytes = terminated(body);
  const { document, members } = openRequest(bytes, ["signature_name", "examples", "context"]);
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
    examples() {
      allowance.take(costOf(bytes, list) + (context ? costOf(bytes, context) : 0));
      return examplesAt(bytes, list.start, context, allowance);
    },
  };
}

/** What a number takes at most: as text, and as a varint. */
const NUMBER_BYTES = 16;

/** The memory in bytes that the examples between two positions take as objects and as messages. */
function costOf(bytes: Uint8Array, { start, end }: JsonSpan): number {
  let cost = 0;
  for (let at = start; at < end; ) {
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

/** The serialized examples of a list; the context, if there is one, is part of each. */
function examplesAt(
  bytes: Uint8Array,
  start: number,
  context: JsonSpan | undefined,
  allowance: MemoryAllowance,
) {
  const shared = context && exampleAt(bytes, context);
  const examples: Uint8Array[] = [];
  for (const element of elementsOf(bytes, start)) {
    const example = exampleAt(bytes, element);
    if (shared) allowance.take(shared.length);
    // Two serialized messages one after the other are the two merged.
    examples.push(shared ? Buffer.concat([shared, example]) : example);
  }
  return examples;
}

function exampleAt(bytes: Uint8Array, { start }: JsonSpan): Uint8Array {
  const type = typeAt(bytes, start);
  if (type !== "Object") {
    throw errors.requestUnfit(`Example must be JSON object but got JSON ${type}`);
  }
  const features = new Map<string, ExampleFeature>();
  for (const { key, start: at, end } of membersOf(bytes, start)) {
    const feature = new ExampleFeature();
    if (bytes[at] === CHAR.openArray) addList(bytes, at, key, feature);
    else addValue(bytes, { start: at, end }, key, feature);
    features.set(key, feature);
  }
  return encodeExample(features);
}

/** Adds the elements of a checked list: numbers, of which there may be millions, without an object for each. */
function addList(bytes: Uint8Array, at: number, name: string, feature: ExampleFeature): void {
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CHAR.closeArray) {
    const isNumber = bytes[at] === CHAR.minus || isDigit(bytes[at]);
    const scanned = isNumber ? scanNumber(bytes, at, scratch, 0, DOUBLES) : -1;
    const end = scanned === -1 ? skipValue(bytes, at) : scanned;
    if (isNumber) addNumber(bytes, at, end, name, feature);
    else addValue(bytes, { start: at, end }, name, feature);
    at = bytes[end] === CHAR.comma ? end + 1 : skipSpace(bytes, end);
    if (bytes[at] === CHAR.comma) at++;
    at = skipSpace(bytes, at);
  }
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

/** Integers of this many characters are exact as numbers. */
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

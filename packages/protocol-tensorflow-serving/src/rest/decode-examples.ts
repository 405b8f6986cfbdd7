import {
  base64At,
  CHAR,
  elementsOf,
  isBase64Object,
  isIntegerToken,
  type JsonSpan,
  latin1,
  membersOf,
  numberOf,
  openRequest,
  skipSpace,
  stringAt,
  terminated,
  typeAt,
  valueText,
} from "@serving-kit/tensor-json";
import type { ExamplesCall } from "../calls/classify.js";
import { checkContext } from "../calls/expansion.js";
import { errors } from "../errors.js";
import { ExampleFeature, encodeExample } from "./example-proto.js";

/**
 * Reads the body of a classify or regress request: `examples`, a list of objects from feature names
 * to a value or a list of values, and optionally `context`, features that all examples share.
 *
 * The form of a number decides: `1` is an int64 feature, `1.0` a float feature. `true` and `false`
 * are int64, strings and `{"b64": …}` are bytes; one feature holds one kind.
 *
 * The examples are decoded when they are asked for, after the signature was found.
 *
 * @throws ServingError INVALID_ARGUMENT with TF Serving's text.
 */
export function decodeExamples(body: Uint8Array): ExamplesCall {
  const bytes = terminated(body);
  const { document, members } = openRequest(bytes);
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
  const { start } = list;
  const context = members.get("context");
  return { signature: named?.text, examples: () => examplesAt(bytes, start, context) };
}

/** The serialized examples of a list; the context, if there is one, is part of each. */
function examplesAt(bytes: Uint8Array, start: number, context: JsonSpan | undefined) {
  const shared = context && exampleAt(bytes, context);
  const examples: Uint8Array[] = [];
  for (const element of elementsOf(bytes, start)) {
    const example = exampleAt(bytes, element);
    if (shared) checkContext(shared.length, examples.length + 1);
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
    const elements = bytes[at] === CHAR.openArray ? elementsOf(bytes, at) : [{ start: at, end }];
    for (const element of elements) addValue(bytes, element, key, feature);
    features.set(key, feature);
  }
  return encodeExample(features);
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
  expectKind(name, feature, "float");
  feature.addFloat(numberOf(bytes, start, end));
}

function expectKind(name: string, feature: ExampleFeature, kind: "bytes" | "float" | "int64") {
  if (feature.kind === undefined || feature.kind === kind) return;
  throw errors.requestUnfit(
    `Unexpected element type in feature: ${name} expecting type: ${feature.kind}`,
  );
}

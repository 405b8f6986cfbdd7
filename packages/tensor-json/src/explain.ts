import { atOnce, type Steps } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  formNamedBy,
  type Signature,
  type TensorSpec,
} from "@serving-kit/inference";
import { isBase64Object } from "./base64.js";
import { type CheckedTensor, checkTensor } from "./check-tensor.js";
import { errors } from "./errors.js";
import { knownKeyAt, skipString, textAt } from "./json-string.js";
import { byteOrderMark, CHAR, hasWord, skipSpace, typeAt } from "./json-text.js";
import { STEP_BYTES, skipColon, skipInSteps } from "./json-value.js";
import { elementsOf, type JsonMember, membersOf, valueText } from "./json-walk.js";
import { MAX_MISSING } from "./read-inputs.js";

/**
 * Checks the top level of a request: that it is a JSON object, and finds the members with these keys.
 *
 * @throws ServingError INVALID_ARGUMENT / JSON_INVALID or JSON_UNFIT with TF Serving's text.
 */
export function openRequest<K extends string>(bytes: Uint8Array, keys: readonly K[]): Request<K> {
  return atOnce(openRequestInSteps(bytes, keys));
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

/**
 * Throws the error that TF Serving throws for a predict request, checking in the same order; returns if there is none.
 * Slow, and only used for requests that the fast reader refused. It reads each byte a small, fixed number of times and
 * stores nothing.
 */
export function explainPredict(
  bytes: Uint8Array,
  signatureOf: (name: string | undefined) => Signature | undefined,
): void {
  const { document, members } = openRequest(bytes, ["signature_name", "instances", "inputs"]);
  const unfit = (problem: string) =>
    errors.jsonUnfit(valueText(bytes, document.start, document.end), problem);

  const named = members.get("signature_name");
  if (named && named.text === undefined) {
    throw unfit("not formatted correctly. 'signature_name' key must be a string value.");
  }
  const signature = signatureOf(named?.text);
  if (signature === undefined) throw errors.signatureUnknown(named?.text || DEFAULT_SIGNATURE);
  if (signature.inputs.size === 0) {
    throw errors.requestUnfit(`Failed to get input map for signature: ${named?.text || "DEFAULT"}`);
  }

  const instances = members.get("instances");
  const inputs = members.get("inputs");
  if (instances && inputs) {
    throw unfit(
      "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    );
  }
  if (instances) {
    if (bytes[instances.start] !== CHAR.openArray) {
      throw unfit("Expecting 'instances' to be an list/array");
    }
    const first = skipSpace(bytes, instances.start + 1);
    if (bytes[first] === CHAR.closeArray) throw unfit("No values in 'instances' array");
    explainInstances(bytes, instances.start, first, specsFor(bytes, first, signature));
  } else if (inputs) {
    explainInputs(bytes, inputs.start, specsFor(bytes, inputs.start, signature));
  } else throw errors.requestUnfit("Missing 'inputs' or 'instances' key");
}

type Specs = ReadonlyMap<string, TensorSpec>;

/** The inputs of the signature form that the keys of an object match. */
function specsFor(bytes: Uint8Array, at: number, signature: Signature): Specs {
  if (signature.aliases === undefined || !isNamedRow(bytes, at)) return signature.inputs;
  const names = new Set(Array.from(membersOf(bytes, at), ({ key }) => key));
  return formNamedBy(signature, names).inputs;
}

function explainInstances(bytes: Uint8Array, at: number, first: number, specs: Specs): void {
  if (bytes[first] !== CHAR.openObject && specs.size > 1) {
    throw errors.requestUnfit(
      "instances is a plain list, but expecting list of objects as multiple input tensors " +
        "required as per tensorinfo_map",
    );
  }
  const isNamed = isNamedRow(bytes, first);
  const shapes = new Map<string, CheckedTensor>();
  const [onlyName] = specs.keys() as Iterable<string> as [string];
  let index = 0;
  for (const { start, end } of elementsOf(bytes, at)) {
    if (isNamed !== isNamedRow(bytes, start)) {
      throw errors.requestUnfit(
        isNamed
          ? `Expecting object but got list at item ${index} of input list`
          : `Expecting value/list but got object at item ${index} of input list`,
      );
    }
    if (isNamed) explainRow(bytes, start, end, index, specs, shapes);
    else addItem(bytes, start, onlyName, specs, shapes, `${index}`);
    index++;
  }
  if (isNamed) explainLacking(bytes, at, specs);
}

/**
 * Throws an error with the row and key of an optional input that is missing in some rows and has no missing value, and
 * for rows that lack too many values.
 */
function explainLacking(bytes: Uint8Array, at: number, specs: Specs): void {
  const seen = new Map<string, { rows: number; lacking: number }>();
  let row = 0;
  for (const { start } of elementsOf(bytes, at)) {
    for (const { key } of membersOf(bytes, start)) {
      const known = seen.get(key);
      // `lacking` is the index of the first row that lacks the input, or -1 if no row so far does.
      if (known === undefined) seen.set(key, { rows: 1, lacking: row === 0 ? -1 : 0 });
      else {
        if (known.lacking === -1 && known.rows !== row) known.lacking = known.rows;
        known.rows++;
      }
    }
    row++;
  }
  let filled = 0;
  for (const [name, { missing }] of specs) {
    const known = seen.get(name);
    if (known === undefined || known.rows === row) continue;
    filled += row - known.rows;
    if (missing !== undefined) continue;
    throw elementError(
      `${known.lacking === -1 ? known.rows : known.lacking} key: ${name}`,
      "INVALID_ARGUMENT: JSON object: other rows have this input, and this one does not",
    );
  }
  if (filled > MAX_MISSING) {
    throw errors.requestUnfit(
      `rows lack ${filled} values of inputs that other rows have; expected at most ${MAX_MISSING}. Send fewer rows, or columns ('inputs')`,
    );
  }
}

const isNull = (bytes: Uint8Array, at: number) => hasWord(bytes, at, "null");

const isNamedRow = (bytes: Uint8Array, at: number) =>
  bytes[at] === CHAR.openObject && !isBase64Object(bytes, at);

function explainRow(
  bytes: Uint8Array,
  start: number,
  end: number,
  index: number,
  specs: Specs,
  shapes: Map<string, CheckedTensor>,
): void {
  const keys = new Set<string>();
  for (const member of membersOf(bytes, start)) {
    const place = `${index} key: ${member.key}`;
    if (keys.has(member.key)) {
      throw elementError(
        place,
        `INVALID_ARGUMENT: JSON object: repeats named input: ${member.key}`,
      );
    }
    keys.add(member.key);
    addItem(bytes, member.start, member.key, specs, shapes, place);
  }
  const isComplete = [...specs].every(([name, spec]) => keys.has(name) || spec.isOptional);
  if (!isComplete) {
    throw errors.requestUnfit(
      `Failed to process element: ${index} of 'instances' list. JSON object: ` +
        `${valueText(bytes, start, end)} keys must be equal to: ${[...specs.keys()].sort()}`,
    );
  }
}

function addItem(
  bytes: Uint8Array,
  at: number,
  name: string,
  specs: Specs,
  shapes: Map<string, CheckedTensor>,
  place: string,
): void {
  const spec = specs.get(name);
  if (spec === undefined) {
    throw elementError(place, `INVALID_ARGUMENT: JSON object: does not have named input: ${name}`);
  }
  if (spec.missing !== undefined && isNull(bytes, at)) return;
  const item = checkTensor(bytes, at, spec.dtype);
  if (item.error) throw elementError(place, `${item.error.code}: ${item.error.message}`);
  const first = shapes.get(name) ?? item;
  if (first === item) shapes.set(name, item);
  else if (first.size !== item.size) {
    throw elementError(
      place,
      `INVALID_ARGUMENT: Expecting tensor size: ${first.size} but got: ${item.size}`,
    );
  } else if (`${first.shape}` !== `${item.shape}`) {
    throw elementError(
      place,
      `INVALID_ARGUMENT: Expecting shape [${first.shape}] but got: [${item.shape}]`,
    );
  }
}

const elementError = (place: string, problem: string) =>
  errors.requestUnfit(`Failed to process element: ${place} of 'instances' list. Error: ${problem}`);

function explainInputs(bytes: Uint8Array, at: number, specs: Specs): void {
  const check = (start: number, spec: TensorSpec) => {
    const { error } = checkTensor(bytes, start, spec.dtype);
    if (error) throw error;
  };
  const checkColumn = (name: string, start: number, spec: TensorSpec) => {
    if (spec.missing === undefined || bytes[start] !== CHAR.openArray) return check(start, spec);
    let row = 0;
    for (const element of elementsOf(bytes, start)) {
      if (!isNull(bytes, element.start)) {
        const { error, shape } = checkTensor(bytes, element.start, spec.dtype);
        if (error || shape.length > 0) {
          const problem = error?.message ?? "expected a scalar; got a list";
          throw errors.requestUnfit(`Failed to process row ${row} of input ${name}: ${problem}`);
        }
      }
      row++;
    }
  };
  if (!isNamedRow(bytes, at)) {
    if (specs.size > 1) {
      throw errors.requestUnfit(
        "inputs is a plain value/list, but expecting an object as multiple input tensors " +
          "required as per tensorinfo_map",
      );
    }
    for (const spec of specs.values()) check(at, spec);
    return;
  }
  const members = new Map<string, JsonMember>();
  for (const member of membersOf(bytes, at)) {
    if (!members.has(member.key)) members.set(member.key, member);
  }
  for (const [name, spec] of specs) {
    const member = members.get(name);
    if (member) checkColumn(name, member.start, spec);
    else if (!spec.isOptional) {
      throw errors.requestUnfit(`Missing named input: ${name} in 'inputs' object.`);
    }
  }
}

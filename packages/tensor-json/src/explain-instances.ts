import type { TensorSpec } from "@serving-kit/inference";
import { type CheckedTensor, checkTensor } from "./check-tensor.js";
import { errors } from "./errors.js";
import { CHAR } from "./json-text.js";
import { elementsOf, membersOf, valueText } from "./json-walk.js";
import { isNamedRow, isNull } from "./named-row.js";
import { MAX_MISSING } from "./read-inputs.js";

type Specs = ReadonlyMap<string, TensorSpec>;

/** Throws the error that TF Serving throws for `instances`, an array whose first element is at `first`. */
export function explainInstances(bytes: Uint8Array, at: number, first: number, specs: Specs): void {
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

import type { Steps } from "@serving-kit/core";
import {
  type MemoryAllowance,
  type Tensor,
  TensorRecord,
  type TensorSpec,
  type Tensors,
} from "@serving-kit/inference";
import { isBase64Object } from "./base64.js";
import { isJsonDType } from "./json-dtypes.js";
import { keyAt, knownKeyAt, skipString } from "./json-string.js";
import { CHAR, hasWord, skipSpace } from "./json-text.js";
import { STEP_BYTES, skipColon, skipInSteps } from "./json-value.js";
import { RunReader } from "./run-reader.js";
import { PAUSED, TensorReader } from "./tensor-reader.js";

/** The two forms of a predict request: a list of rows (`instances`) or whole tensors (`inputs`). */
export type PredictForm = "row" | "columnar";

/** A text, the reader of its lists, and the memory that its tensors may take. */
interface Text {
  readonly bytes: Uint8Array;
  readonly runs: RunReader;
  readonly allowance: MemoryAllowance;
}

interface Read {
  readonly inputs: Tensors;
  /** The position after the values, possibly including trailing white space. */
  readonly end: number;
}

/**
 * Reads the inputs of a predict request, which start at `at`, according to the specs. Returns undefined if they do not
 * match the specs: `explainPredict` then finds the error text. Pauses after every 64 KiB.
 */
export function readInputs(
  bytes: Uint8Array,
  at: number,
  form: PredictForm,
  inputs: Specs,
  allowance: MemoryAllowance,
): Steps<Read | undefined> | undefined {
  for (const { dtype } of inputs.values()) if (!isJsonDType(dtype)) return undefined;
  if (inputs.size === 0) return undefined;
  const text = { bytes, runs: new RunReader(bytes), allowance };
  return form === "row" ? readInstances(text, at, inputs) : readColumns(text, at, inputs);
}

type Specs = ReadonlyMap<string, TensorSpec>;

// Generators are few and not nested: for a small body, each costs as much as reading several numbers.

function readInstances(text: Text, at: number, specs: Specs): Steps<Read | undefined> | undefined {
  const { bytes } = text;
  if (bytes[at] !== CHAR.openArray) return undefined;
  const first = skipSpace(bytes, at + 1);
  if (bytes[first] === CHAR.closeArray) return undefined;
  const isObject = bytes[first] === CHAR.openObject;
  if (isObject && !isBase64Object(bytes, first)) return readNamedRows(text, first, specs);
  return specs.size === 1 ? readSingle(text, at, specs) : undefined;
}

function* readSingle(text: Text, at: number, specs: Specs): Steps<Read | undefined> {
  const [[name, spec]] = specs as unknown as [[string, TensorSpec]];
  const { bytes, runs } = text;
  const reader = new TensorReader(spec, text.allowance);
  let end = reader.read(bytes, runs, at);
  while (end === PAUSED) {
    yield;
    end = reader.resume(bytes, runs);
  }
  if (end === -1) return undefined;
  const inputs = new TensorRecord();
  inputs[name] = reader.quickTensor() ?? (yield* reader.tensor());
  return { inputs, end };
}

/** Maximum number of missing values in the rows of a request: an empty row takes 3 bytes, and lacks every input. */
export const MAX_MISSING = 2 ** 22;

function* readNamedRows(text: Text, at: number, specs: Specs): Steps<Read | undefined> {
  const { bytes, runs } = text;
  const names = [...specs.keys()];
  const readers = new Map<string, TensorReader>();
  for (const [name, spec] of specs) readers.set(name, new TensorReader(spec, text.allowance));
  /** The readers of inputs that occurred in at least one row. */
  const active: TensorReader[] = [];
  let room = MAX_MISSING;
  const fill = (reader: TensorReader) => room-- > 0 && reader.addMissing();
  let pauseAt = at + STEP_BYTES;
  for (let rows = 1; ; rows++) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
    if (bytes[at] !== CHAR.openObject) return undefined;
    at = skipSpace(bytes, at + 1);
    let keys = 0;
    if (bytes[at] !== CHAR.closeObject) {
      for (;;) {
        if (bytes[at] !== CHAR.quote) return undefined;
        const keyEnd = skipString(bytes, at);
        const reader = readers.get(keyAt(bytes, at, keyEnd, names));
        if (reader === undefined) return undefined;
        if (reader.values === 0) active.push(reader);
        // Earlier rows may lack the input.
        while (reader.values < rows - 1) if (!fill(reader)) return undefined;
        if (reader.values !== rows - 1) return undefined;
        at = readValue(text, skipSpace(bytes, skipColon(bytes, keyEnd)), reader);
        while (at === PAUSED) {
          yield;
          at = reader.resume(bytes, runs);
        }
        if (at === -1) return undefined;
        keys++;
        if (bytes[at] === CHAR.closeObject) break;
        if (bytes[at] !== CHAR.comma) return undefined;
        at = skipSpace(bytes, at + 1);
      }
    }
    if (rows === 1 && !areThere(specs, readers)) return undefined;
    if (keys < active.length) {
      for (const reader of active) if (reader.values < rows && !fill(reader)) return undefined;
    }
    at = skipSpace(bytes, at + 1);
    if (bytes[at] === CHAR.closeArray) break;
    if (bytes[at] !== CHAR.comma) return undefined;
    at = skipSpace(bytes, at + 1);
  }
  const read = new Map<string, Tensor>();
  for (const [name, reader] of readers) {
    if (reader.values > 0) read.set(name, yield* reader.rows());
  }
  return { inputs: tensors(read), end: at + 1 };
}

/** Returns whether the first row has every required input. */
function areThere(specs: Specs, readers: ReadonlyMap<string, TensorReader>): boolean {
  for (const [name, { isOptional }] of specs) {
    if (!isOptional && readers.get(name)?.values === 0) return false;
  }
  return true;
}

/** Reads a value, or a null for an input that may be missing. Returns the same as `TensorReader.read`. */
function readValue({ bytes, runs }: Text, at: number, reader: TensorReader): number {
  if (!hasWord(bytes, at, "null")) return reader.read(bytes, runs, at);
  return reader.addMissing() ? skipSpace(bytes, at + 4) : -1;
}

/** Reads the column of an input that may be missing in some rows: a list of scalars and nulls. */
function* readMissingColumn(text: Text, at: number, reader: TensorReader): Steps<number> {
  const { bytes, runs } = text;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CHAR.closeArray) return skipSpace(bytes, at + 1);
  let pauseAt = at + STEP_BYTES;
  for (;;) {
    at = readValue(text, at, reader);
    while (at === PAUSED) {
      yield;
      at = reader.resume(bytes, runs);
    }
    if (at === -1) return -1;
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
    if (bytes[at] === CHAR.closeArray) return skipSpace(bytes, at + 1);
    if (bytes[at] !== CHAR.comma) return -1;
    at = skipSpace(bytes, at + 1);
  }
}

function readColumns(text: Text, at: number, specs: Specs): Steps<Read | undefined> | undefined {
  const { bytes } = text;
  const isNamed = bytes[at] === CHAR.openObject && !isBase64Object(bytes, at);
  if (isNamed) return readNamedColumns(text, at, specs);
  return specs.size === 1 ? readSingle(text, at, specs) : undefined;
}

function* readNamedColumns(text: Text, at: number, specs: Specs): Steps<Read | undefined> {
  const { bytes, runs } = text;
  const names = [...specs.keys()];
  const columns = new Map<string, Tensor>();
  at = skipSpace(bytes, at + 1);
  let pauseAt = at + STEP_BYTES;
  if (bytes[at] !== CHAR.closeObject) {
    for (;;) {
      if (at >= pauseAt) {
        yield;
        pauseAt = at + STEP_BYTES;
      }
      if (bytes[at] !== CHAR.quote) return undefined;
      const keyEnd = skipString(bytes, at);
      const name = knownKeyAt(bytes, at, keyEnd, names);
      at = skipSpace(bytes, skipColon(bytes, keyEnd));
      const spec = name === undefined ? undefined : specs.get(name);
      if (name === undefined || spec === undefined || columns.has(name)) {
        at = skipSpace(bytes, yield* skipInSteps(bytes, at, 2));
      } else {
        const reader = new TensorReader(spec, text.allowance);
        const isRows = spec.missing !== undefined && bytes[at] === CHAR.openArray;
        at = isRows ? yield* readMissingColumn(text, at, reader) : reader.read(bytes, runs, at);
        while (at === PAUSED) {
          yield;
          at = reader.resume(bytes, runs);
        }
        if (at === -1) return undefined;
        const tensor = isRows ? undefined : reader.quickTensor();
        columns.set(name, tensor ?? (yield* isRows ? reader.rows() : reader.tensor()));
      }
      if (bytes[at] === CHAR.closeObject) break;
      if (bytes[at] !== CHAR.comma) return undefined;
      at = skipSpace(bytes, at + 1);
    }
  }
  for (const [name, { isOptional }] of specs) {
    if (!columns.has(name) && !isOptional) return undefined;
  }
  return { inputs: tensors(columns), end: at + 1 };
}

function tensors(named: Iterable<readonly [string, Tensor]>): Tensors {
  const record = new TensorRecord();
  for (const [name, value] of named) record[name] = value;
  return record;
}

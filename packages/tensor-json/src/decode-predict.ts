import { runToEnd, type Steps } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  formsOf,
  type MemoryAllowance,
  namesBetween,
  renamed,
  type Signature,
  type Tensors,
  UNLIMITED_MEMORY,
} from "@serving-kit/inference";
import { errors } from "./errors.js";
import { explainPredict } from "./explain.js";
import { knownKeyAt, skipString, textAt } from "./json-string.js";
import { byteOrderMark, CHAR, skipSpace, terminated } from "./json-text.js";
import { STEP_BYTES, skipColon, skipInSteps } from "./json-value.js";
import { type PredictForm, readInputs } from "./read-inputs.js";

/** The content of a predict request's body. */
export interface PredictBody {
  readonly form: PredictForm;
  /** The `signature_name`; undefined if the body has none. */
  readonly signature: string | undefined;
  /** The signature of that name, according to which the inputs were read. */
  readonly spec: Signature;
  /** The inputs, by their names in the signature. */
  readonly inputs: Tensors;
  /** See `PredictCall.outputNames`: the output names in the form of the signature that the body uses. */
  readonly outputNames?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads a predict request's body directly into memory of the signature's dtypes. The body may use the names of an alias
 * of the signature.
 *
 * `signature_name` is read first, regardless of its position, so that no tensor is read for an unknown signature. Only
 * string elements refer to the request: they are views of `body`, so do not write to it afterwards.
 *
 * If this reader refuses a body of at most 64 KiB, a second, slow reader (`explainPredict`) finds the error text,
 * checking in TF Serving's order. Of repeated keys the first counts; text after the object is ignored, as in TF
 * Serving.
 *
 * @param signatureOf Returns the signature of a name, the default one for undefined, or undefined. Called before any
 * tensor is read; its errors are rethrown.
 * @param allowance The memory that the tensors may take. Default: no limit.
 * @throws ServingError INVALID_ARGUMENT with TF Serving's text, UNIMPLEMENTED for a dtype that has no form in JSON.
 */
export function decodePredict(
  body: Uint8Array,
  signatureOf: (name: string | undefined) => Signature | undefined,
  allowance?: MemoryAllowance,
): PredictBody {
  return runToEnd(decodePredictInSteps(body, signatureOf, allowance));
}

/** `decodePredict` with a pause after about every 64 KiB of the body, for `inSlices`. */
export function* decodePredictInSteps(
  body: Uint8Array,
  signatureOf: (name: string | undefined) => Signature | undefined,
  allowance: MemoryAllowance = UNLIMITED_MEMORY,
): Steps<PredictBody> {
  const bytes = terminated(body);
  const fail = (): never => {
    if (bytes.length <= MAX_EXPLAINED_BYTES) explainPredict(bytes, signatureOf);
    throw errors.requestUnfit(UNEXPLAINED);
  };
  let at = skipSpace(bytes, byteOrderMark(bytes));
  if (bytes[at] !== CHAR.openObject) return fail();

  at = skipSpace(bytes, at + 1);
  const name = mayHaveName(bytes, at) ? yield* signatureNameFrom(bytes, at) : undefined;
  const signature = signatureOf(name);
  if (signature === undefined) {
    if (bytes.length <= MAX_EXPLAINED_BYTES) return fail();
    throw errors.signatureUnknown(name || DEFAULT_SIGNATURE);
  }
  let form: PredictForm | undefined;
  let values: Values | undefined;
  let pauseAt = at + STEP_BYTES;
  for (;;) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
    if (bytes[at] !== CHAR.quote) return fail();
    const keyEnd = skipString(bytes, at);
    const key = knownKeyAt(bytes, at, keyEnd, KEYS);
    at = skipSpace(bytes, skipColon(bytes, keyEnd));
    const start = at;
    const isValues = key === "instances" || key === "inputs";
    if (isValues && form === undefined) {
      form = key === "instances" ? "row" : "columnar";
      values = yield* readForms(bytes, at, form, signature, allowance);
      if (values === undefined && bytes.length > MAX_EXPLAINED_BYTES) return fail();
      at = values?.end ?? (yield* skipInSteps(bytes, at, 1));
    } else {
      if (isValues && form !== (key === "instances" ? "row" : "columnar")) return fail();
      at = yield* skipInSteps(bytes, at, 1);
      if (key === "signature_name" && bytes[start] !== CHAR.quote) return fail();
    }
    at = skipSpace(bytes, at);
    if (bytes[at] === CHAR.closeObject) break;
    if (bytes[at] !== CHAR.comma) return fail();
    at = skipSpace(bytes, at + 1);
  }
  if (form === undefined || values === undefined) return fail();
  const { inputs, outputNames } = values;
  return { form, signature: name, spec: signature, inputs, outputNames };
}

const SIGNATURE_NAME = Buffer.from("signature_name");

/** Returns whether an object whose first key is at `at` may have a `signature_name`. */
function mayHaveName(bytes: Uint8Array, at: number): boolean {
  const text = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // Most bodies have one key and only numbers: one colon, which follows a short key.
  const colon = text.lastIndexOf(CHAR.colon);
  if (colon - at < SIGNATURE_NAME.length + 2) return false;
  // The key may also be written with escapes.
  return text.includes(SIGNATURE_NAME, at) || text.includes(CHAR.backslash, at);
}

/**
 * Returns the `signature_name` of the object whose first key is at `at`; undefined if there is none, or the object is
 * not JSON. The values before it are skipped.
 */
function* signatureNameFrom(bytes: Uint8Array, at: number): Steps<string | undefined> {
  let pauseAt = at + STEP_BYTES;
  while (bytes[at] === CHAR.quote) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + STEP_BYTES;
    }
    const keyEnd = skipString(bytes, at);
    const key = knownKeyAt(bytes, at, keyEnd, KEYS);
    const start = skipSpace(bytes, skipColon(bytes, keyEnd));
    const end = yield* skipInSteps(bytes, start, 1);
    if (key === "signature_name")
      return bytes[start] === CHAR.quote ? textAt(bytes, start, end) : undefined;
    at = skipSpace(bytes, end);
    if (bytes[at] !== CHAR.comma) return undefined;
    at = skipSpace(bytes, at + 1);
  }
  return undefined;
}

type Values = Pick<PredictBody, "inputs" | "outputNames"> & { readonly end: number };

/** Reads the values as the first form of the signature that they match. */
function* readForms(
  bytes: Uint8Array,
  at: number,
  form: PredictForm,
  signature: Signature,
  allowance: MemoryAllowance,
): Steps<Values | undefined> {
  for (const { inputs, outputs } of formsOf(signature)) {
    const steps = readInputs(bytes, at, form, inputs, allowance);
    const read = steps && (yield* steps);
    if (read === undefined) continue;
    return {
      inputs: renamed(read.inputs, namesBetween(inputs, signature.inputs)),
      outputNames: namesBetween(signature.outputs, outputs),
      end: read.end,
    };
  }
  return undefined;
}

/**
 * Maximum size in bytes of a body whose error is explained. Finding the error text reads a body many times slower than
 * decoding it.
 */
const MAX_EXPLAINED_BYTES = 65_536;

const UNEXPLAINED =
  `the request does not fit the signature; requests of up to ${MAX_EXPLAINED_BYTES} bytes get the place and the reason: ` +
  "send a smaller one";

/** The keys of a request that are read. */
const KEYS = ["instances", "inputs", "signature_name"];

import {
  type DType,
  type Tensor,
  TensorRecord,
  type Tensors,
  toTensor,
} from "@serving-kit/inference";
import { errors } from "../errors.js";

/** The name of an output if the body has no name for it. */
const PREDICTIONS = "predictions";
const OUTPUTS = "outputs";

/** Marks a number in the parsed JSON: no other string in it can start with this. */
const FLOAT = "\u0000f";
const INTEGER = "\u0000i";

const TOKENS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Reads the response body of a predict request of TF Serving's REST API as tensors.
 *
 * - `predictions`: rows. If the rows are objects, each key is an output; otherwise the output is `predictions`.
 * - `outputs`: columns. If the value is an object, each key is an output; otherwise the output is `outputs`.
 * - Numbers with a point or an exponent are float32, or float64 if the request has a float64 tensor. Other numbers are
 *   int64. `{"b64": …}` is bytes.
 *
 * @throws ServingError INTERNAL / OUTPUT_INVALID for a body of any other form.
 */
export function tensorsOf(body: Uint8Array, inputs: Tensors): Tensors {
  try {
    const answer = parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
    const float: DType = Object.values(inputs).some(({ dtype }) => dtype === "float64")
      ? "float64"
      : "float32";
    const tensors = new TensorRecord();
    for (const [name, values] of columnsOf(answer)) tensors[name] = tensorOf(name, values, float);
    return tensors;
  } catch (error) {
    throw errors.answerUnreadable(error);
  }
}

/** Parses JSON as Python writes it, with NaN and infinities. Numbers become marked strings of their digits. */
function parse(text: string): unknown {
  const marked = text.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token;
    return JSON.stringify((/^-?\d+$/.test(token) ? INTEGER : FLOAT) + token);
  });
  return JSON.parse(marked);
}

function columnsOf(answer: unknown): (readonly [string, unknown])[] {
  if (!isObject(answer)) throw new TypeError("it is not an object");
  if (Object.hasOwn(answer, PREDICTIONS)) return rowsOf(answer[PREDICTIONS]);
  if (!Object.hasOwn(answer, OUTPUTS))
    throw new TypeError(`it has ${Object.keys(answer).slice(0, 8)}`);
  const outputs = answer[OUTPUTS];
  return isObject(outputs) && !isBytes(outputs) ? Object.entries(outputs) : [[OUTPUTS, outputs]];
}

function rowsOf(rows: unknown): (readonly [string, unknown])[] {
  const first: unknown = Array.isArray(rows) ? rows[0] : undefined;
  if (!Array.isArray(rows) || !isObject(first) || isBytes(first)) return [[PREDICTIONS, rows]];
  return Object.keys(first).map((name) => [
    name,
    rows.map((row: unknown) => {
      if (isObject(row) && Object.hasOwn(row, name)) return row[name];
      throw new TypeError(`a prediction has no "${name}", as the first one has`);
    }),
  ]);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isBytes = (value: unknown): value is { readonly b64: string } =>
  isObject(value) && typeof value.b64 === "string" && Object.keys(value).length === 1;

function tensorOf(name: string, values: unknown, float: DType): Tensor {
  const found = new Set<DType>();
  const plain = plainOf(values, found, float);
  const dtype = dtypeOf(name, found, float);
  const elements = dtype === float ? mapLeaves(plain, Number) : plain;
  return toTensor(elements, { dtype, shape: null }, name);
}

/** Converts values for `toTensor`, and collects the dtypes of the leaves. */
function plainOf(value: unknown, found: Set<DType>, float: DType): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => plainOf(one, found, float));
  if (typeof value === "boolean") {
    found.add("bool");
    return value;
  }
  if (isBytes(value)) {
    found.add("string");
    return new Uint8Array(Buffer.from(value.b64, "base64"));
  }
  if (typeof value !== "string")
    throw new TypeError(`a value is ${value === null ? "null" : "an object"}`);
  if (value.startsWith(FLOAT)) {
    found.add(float);
    return Number(value.slice(FLOAT.length));
  }
  found.add(value.startsWith(INTEGER) ? "int64" : "string");
  return value.startsWith(INTEGER) ? BigInt(value.slice(INTEGER.length)) : value;
}

/** Integers among floats become floats. */
function dtypeOf(name: string, found: Set<DType>, float: DType): DType {
  if (found.has(float)) found.delete("int64");
  if (found.size > 1) throw new TypeError(`"${name}" has values of ${[...found].join(" and ")}`);
  return [...found][0] ?? float;
}

function mapLeaves(value: unknown, map: (leaf: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map((one: unknown) => mapLeaves(one, map)) : map(value);
}

import { asError, messageOf, ServingError } from "@serving-kit/core";
import type { DType } from "./dtype.js";
import type { Shape, TensorSpec } from "./signature.js";
import { conversionOf, kindOf, tagOf } from "./typed-array.js";

const list = (names: Iterable<string>) =>
  [...names].map((name) => `"${name}"`).join(", ") || "none";

/** Formats a dtype and shape for a message: `float32 [-1,64]`. */
const described = ({ dtype, shape }: Pick<TensorSpec, "dtype" | "shape">) =>
  `${dtype} ${shape === null ? "of any shape" : `[${shape}]`}`;

/** Formats a dtype and shape, and explains -1. */
const explained = (dtype: DType, shape: Shape) =>
  `${described({ dtype, shape })}${shape?.includes(-1) ? " (-1 is any)" : ""}`;

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

const misshapen = (name: string, problem: string) =>
  new ServingError("INVALID_ARGUMENT", "TENSOR_SHAPE_MISMATCH", `tensor "${name}" ${problem}`, {
    details: { tensor: name },
  });

/** Error factories of this package, one per reason. Platforms may throw these errors too. */
export const errors = {
  signatureNotFound: (name: string, known: Iterable<string>) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "SIGNATURE_NOT_FOUND",
      `signature "${name}" was not found; the model has ${list(known)}`,
      { details: { signature: name } },
    ),

  signatureUnsupported: (name: string, problem: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "SIGNATURE_UNSUPPORTED",
      `signature "${name}" cannot be called: ${problem}`,
      { details: { signature: name } },
    ),

  outputUnsupported: (name: string, problem: string, others: Iterable<string>) =>
    new ServingError(
      "UNIMPLEMENTED",
      "OUTPUT_UNSUPPORTED",
      `output "${name}" ${problem} and cannot be returned; request other outputs: ${list(others)}`,
      { details: { output: name } },
    ),

  outputNotFound: (name: string, known: Iterable<string>) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "OUTPUT_NOT_FOUND",
      `output "${name}" is not in the signature; expected one of ${list(known)}`,
      { details: { output: name } },
    ),

  inputMissing: (name: string, given: Iterable<string>) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "INPUT_MISSING",
      `input "${name}" is missing; got ${list(given)}`,
      { details: { input: name } },
    ),

  inputUnexpected: (name: string, known: Iterable<string>) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "INPUT_UNEXPECTED",
      `input "${name}" is not in the signature; expected ${list(known)}`,
      { details: { input: name } },
    ),

  tensorInvalid: (name: string, problem: string) =>
    new ServingError("INVALID_ARGUMENT", "TENSOR_INVALID", `tensor "${name}" ${problem}`, {
      details: { tensor: name },
    }),

  inputsInvalid: (known: Iterable<string>, received: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "INPUTS_INVALID",
      `inputs must be an object of values by name: ${list(known)}; got ${received}`,
    ),

  valueUnfit: (name: string, spec: TensorSpec, received: string, remedy: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_INVALID",
      `tensor "${name}" must be ${described(spec)}; got ${received}; ${remedy}`,
      { details: { tensor: name } },
    ),

  elementInvalid: (name: string, at: string, problem: string, remedy: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_INVALID",
      `tensor "${name}"${at}: ${problem}; ${remedy}`,
      { details: { tensor: name } },
    ),

  typedArrayMismatch: (name: string, spec: TensorSpec, received: ArrayBufferView) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_DTYPE_MISMATCH",
      `tensor "${name}" must be ${described(spec)}; got ${kindOf(received)}; ${conversionOf(spec.dtype, tagOf(received))}`,
      { details: { tensor: name } },
    ),

  countMismatch: (name: string, dtype: DType, shape: Shape, count: number) =>
    misshapen(
      name,
      `must be ${explained(dtype, shape)}; got ${counted(count, "element")}, which do not fill it`,
    ),

  extentsUnknown: (name: string, dtype: DType, shape: readonly number[], count: number) =>
    misshapen(
      name,
      `must be ${explained(dtype, shape)}; got ${counted(count, "element")} in a flat list, from which the extents do not follow; write [it] for one row, nested lists, or tensor("${dtype}", [${shape.map((_, i) => `d${i}`).join(", ")}], it)`,
    ),

  nestingMismatch: (name: string, dtype: DType, shape: readonly number[], own: readonly number[]) =>
    misshapen(
      name,
      `must be ${explained(dtype, shape)}; got ${own.length === 0 ? "one element" : `${counted(own.length, "level")} of lists, of [${own}]`}; write ${counted(shape.length, "level")} of lists, or ${shape.length < 2 ? "one element" : counted(shape.length - 1, "level")} for one row`,
    ),

  complexPairs: (name: string, spec: TensorSpec, own: readonly number[]) =>
    misshapen(
      name,
      `must be ${described(spec)}; got lists of [${own}]; write [real, imaginary] for each element`,
    ),

  listRagged: (name: string, at: string, expected: number, received: string) =>
    misshapen(
      name,
      `is ragged: ${at} must have ${counted(expected, "element")}, as the lists before it; got ${received}; write lists of equal length`,
    ),

  dtypeMismatch: (name: string, expected: string, received: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_DTYPE_MISMATCH",
      `tensor "${name}" must be ${expected}; got ${received}`,
      { details: { tensor: name } },
    ),

  shapeMismatch: (name: string, expected: readonly number[], received: readonly number[]) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_SHAPE_MISMATCH",
      `tensor "${name}" must have shape [${expected}] (-1 is any); got [${received}]`,
      { details: { tensor: name } },
    ),

  modelUnexpected: (where: string, expected: string, received: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "MODEL_UNEXPECTED",
      `the model at ${where} is not the one that the program expects: expected ${expected}; got ${received}; write its types again: serving-kit types ${where}`,
    ),

  modelClosed: () =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PREDICTOR_CLOSED",
      "the model was closed; load it again",
    ),

  predictorClosed: () =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PREDICTOR_CLOSED",
      "the predictor was disposed; acquire a new handle from the manager",
    ),

  sharedPredictorInvalid: (problem: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "SHARED_PREDICTOR_INVALID",
      `the token is not a predictor of this process: ${problem}. Pass what share() returned, unchanged, to a worker thread`,
    ),

  formatUnsupported: (format: string, known: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "FORMAT_UNSUPPORTED",
      `the model must be called with a body of the format ${known}; got ${format}`,
    ),

  requestRefused: (message: string) =>
    new ServingError("INVALID_ARGUMENT", "REQUEST_REFUSED", message),

  outputInvalid: (name: string, shape: readonly number[], dtype: string, received: number) =>
    new ServingError(
      "INTERNAL",
      "OUTPUT_INVALID",
      `the model gave output "${name}" of shape [${shape}] and ${dtype} with ${received} elements`,
    ),

  outputUnfit: (problem: string) =>
    new ServingError(
      "INTERNAL",
      "OUTPUT_INVALID",
      `the model returned no valid outputs: ${problem}`,
    ),

  outputMissing: (name: string, received: Iterable<string>) =>
    new ServingError(
      "INTERNAL",
      "OUTPUT_INVALID",
      `output "${name}" of the signature is missing; got ${list(received)}`,
    ),

  outputMisshapen: (name: string, expected: readonly number[], computed: readonly number[]) =>
    new ServingError(
      "INTERNAL",
      "PREDICTION_FAILED",
      `output "${name}" must have shape [${expected}] (-1 is any); the model computed [${computed}]`,
    ),

  outputShared: (name: string) =>
    new ServingError(
      "INTERNAL",
      "OUTPUT_INVALID",
      `output "${name}" has the memory of the answer before, which it overwrites; return a copy, such as data.slice()`,
    ),

  rowsDiffer: (name: string, rows: number, first: string, firstRows: number) =>
    misshapen(
      name,
      `must have ${firstRows} rows, as "${first}" has; got ${rows}; all inputs of a batch have the same number of rows`,
    ),

  /** `cause` is the thrown value as core's `asError` returns it. */
  modelThrew: (method: string, cause: unknown) => {
    const error = asError(cause);
    return new ServingError(
      "INTERNAL",
      "MODEL_THREW",
      `${method} of the model threw: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  },

  loadThrew: (path: string, cause: unknown) => {
    const error = asError(cause);
    const where = path === "" || error.message.includes(path) ? "" : ` (${path})`;
    return new ServingError(
      "INTERNAL",
      "MODEL_THREW",
      `load of the model threw: ${messageOf(error)}${where}`,
      { cause: error },
    );
  },

  disposalTimedOut: (what: string, timeoutMs: number) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "DISPOSAL_TIMED_OUT",
      `${what} did not end within ${timeoutMs} ms; the resources of the model may leak`,
    ),

  deadlineExceeded: () =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "DEADLINE_EXCEEDED",
      "the deadline of the call passed before its outputs were computed",
    ),

  predictorUnfit: (where: string, problem: string) =>
    new ServingError("INVALID_ARGUMENT", "PREDICTOR_UNFIT", `${where}: ${problem}`),

  predictionFailed: (message: string, cause?: unknown) =>
    new ServingError("INTERNAL", "PREDICTION_FAILED", message, {
      cause: cause === undefined ? undefined : asError(cause),
    }),
};

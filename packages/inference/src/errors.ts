import { ServingError } from "@serving-kit/core";

const list = (names: Iterable<string>) =>
  [...names].map((name) => `"${name}"`).join(", ") || "none";

/** The errors of this package, one factory for each reason. Platforms may throw them too. */
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

  predictorClosed: () =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PREDICTOR_CLOSED",
      "the predictor was disposed; acquire a new handle from the manager",
    ),

  outputInvalid: (name: string, shape: readonly number[], dtype: string, received: number) =>
    new ServingError(
      "INTERNAL",
      "OUTPUT_INVALID",
      `the model gave output "${name}" of shape [${shape}] and ${dtype} with ${received} elements`,
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
    new ServingError("INTERNAL", "PREDICTION_FAILED", message, { cause }),
};

import { type Code, messageOf, ServingError } from "@serving-kit/core";

/** Maximum number of names in a message. */
const MAX_NAMES = 10;

/** Error factories of this package, one per reason. */
export const errors = {
  savedModelMissing: (path: string) =>
    new ServingError(
      "NOT_FOUND",
      "SAVED_MODEL_MISSING",
      `there is no SavedModel in ${path}: expected a file saved_model.pb or saved_model.pbtxt`,
      { details: { path } },
    ),

  savedModelInvalid: (path: string, problem: string, cause?: unknown) =>
    new ServingError(
      "DATA_LOSS",
      "SAVED_MODEL_INVALID",
      `the SavedModel in ${path} is corrupt or incomplete: ${problem}; export or copy it again`,
      { cause, details: { path, problem } },
    ),

  tagsNotFound: (path: string, tags: readonly string[], known: readonly string[]) =>
    new ServingError(
      "NOT_FOUND",
      "TAGS_NOT_FOUND",
      `the SavedModel in ${path} has no graph tagged ${tags.join(",")}; it has ${known.join("; ") || "none"}. Pass its tags in the option tags`,
      { details: { path, tags, known } },
    ),

  loadFailed: (path: string, code: Code, message: string, hint: string, op?: string) =>
    new ServingError(
      code,
      "SAVED_MODEL_LOAD_FAILED",
      `TensorFlow could not load the SavedModel in ${path}: ${message}${hint}`,
      { details: { path, ...(op !== undefined && { op }) } },
    ),

  tensorNotInGraph: (path: string, signature: string, alias: string, tensor: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "TENSOR_NOT_IN_GRAPH",
      `signature "${signature}" of the SavedModel in ${path} names the tensor "${tensor}" for "${alias}", which the graph does not have; export it again`,
      { details: { path, signature, tensor } },
    ),

  variablesUnset: (path: string, names: readonly string[]) => {
    const listed = names.slice(0, MAX_NAMES).map((name) => `"${name}"`);
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
    return new ServingError(
      "INVALID_ARGUMENT",
      "VARIABLES_UNSET",
      `signatures of the SavedModel in ${path} read variables that have no value: ${listed.join(", ")}${more}; expected each to be restored from variables/, set when the model is loaded, or assigned by a signature. Export the model again, a Keras 3 model by model.export(path)`,
      { details: { path, variables: names } },
    );
  },

  runFailed: (code: Code, message: string) =>
    new ServingError(code, "TENSORFLOW_RUN_FAILED", message),

  opLibraryFailed: (library: string, code: Code, message: string) =>
    new ServingError(
      code,
      "OP_LIBRARY_FAILED",
      `TensorFlow could not load the op library ${library}: ${message}`,
      { details: { library } },
    ),

  sessionOptionsRefused: (code: Code, message: string) =>
    new ServingError(
      code,
      "SESSION_OPTIONS_REFUSED",
      `TensorFlow refused the session's configuration: ${message}`,
    ),

  warmUpInvalid: (path: string, problem: string, cause?: unknown) =>
    new ServingError(
      "DATA_LOSS",
      "WARM_UP_INVALID",
      `the warm-up file ${path} is not valid: ${problem}. Please verify your warmup data is in TFRecord format.`,
      { cause, details: { path } },
    ),

  warmUpTooLong: (path: string, limit: number) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "WARM_UP_TOO_LONG",
      `the warm-up file ${path} has more than ${limit} records; leave out the rest`,
      { details: { path, limit } },
    ),

  warmUpFailed: (path: string, request: string, code: Code, cause: unknown) =>
    new ServingError(
      code,
      "WARM_UP_FAILED",
      `warming up the SavedModel in ${path} failed at ${request}: ${messageOf(cause)}`,
      { cause, details: { path } },
    ),
};

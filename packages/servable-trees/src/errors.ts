import { messageOf, ServingError } from "@serving-kit/core";

/** The errors of this package, one factory for each reason. */
export const errors = {
  modelFileMissing: (
    expected: string,
    path: string,
    problem: string,
    { remedy, cause }: { remedy?: string; cause?: unknown } = {},
  ) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_FILE_MISSING",
      `expected ${expected} at ${path}; ${problem}${remedy === undefined ? "" : `; ${remedy}`}`,
      { cause, details: { path, problem, remedy } },
    ),

  modelFileInvalid: (what: string, path: string, problem: unknown) =>
    new ServingError(
      "DATA_LOSS",
      "MODEL_FILE_INVALID",
      `${path} is not a valid ${what} file: ${messageOf(problem)}; copy it again, or save it again`,
      { cause: problem, details: { path } },
    ),

  modelUnsupported: (path: string, problem: string, remedy: string, cause?: unknown) =>
    new ServingError("UNIMPLEMENTED", "MODEL_UNSUPPORTED", `${path}: ${problem}; ${remedy}`, {
      cause,
      details: { path },
    }),

  categoryUnknown: (feature: string, row: number, value: string, known: readonly string[]) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "CATEGORY_UNKNOWN",
      `input "${feature}" of row ${row} must be a category of the training data, such as ${known.map((one) => JSON.stringify(one)).join(", ")}; got ${JSON.stringify(value)}. Leave it out if it is missing`,
      { details: { input: feature, row } },
    ),

  rowsUnknown: () =>
    new ServingError(
      "INVALID_ARGUMENT",
      "INPUT_MISSING",
      "expected at least one input, whose length is the number of rows; got none",
    ),

  outputTooLarge: (output: string, rows: number, perRow: number, max: number) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_TOO_LARGE",
      `output "${output}" of ${rows} rows with ${perRow} numbers each must have at most ${max} elements; send fewer rows`,
      { details: { output } },
    ),
};

import { messageOf, ServingError } from "@serving-kit/core";
import type { OrtFailure } from "./ort-failure.js";

/** Error factories of this package, one per reason. */
export const errors = {
  modelFileMissing: (
    path: string,
    problem: string,
    { remedy, cause }: { remedy?: string; cause?: unknown } = {},
  ) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_FILE_MISSING",
      `expected an .onnx file, or a folder with model.onnx or one *.onnx, at ${path}; ${problem}${remedy === undefined ? "" : `; ${remedy}`}`,
      { cause, details: { path, problem, remedy } },
    ),

  modelFileInvalid: (path: string, problem: unknown) =>
    new ServingError(
      "DATA_LOSS",
      "MODEL_FILE_INVALID",
      `${path} is not a valid ONNX file: ${messageOf(problem)}; copy it again, or export it again`,
      { cause: problem, details: { path } },
    ),

  modelUnsupported: (path: string, problem: string, remedy: string) =>
    new ServingError("UNIMPLEMENTED", "MODEL_UNSUPPORTED", `${path}: ${problem}; ${remedy}`, {
      details: { path },
    }),

  modelRefused: (path: string, library: string, failure: OrtFailure, hint: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "MODEL_REFUSED",
      `${library} refuses ${path}: ${failure.message}${hint}`,
      { cause: failure, details: { path } },
    ),

  localeMissing: (path: string, failure: OrtFailure) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "LOCALE_MISSING",
      `${path} normalizes strings, for which ONNX Runtime needs the locale en_US.UTF-8: ${failure.message}. Convert the model with another locale, such as options={TfidfVectorizer: {"locale": "C.UTF-8"}} of skl2onnx, or install this one: on Debian, \`apt-get install locales && localedef -i en_US -f UTF-8 en_US.UTF-8\``,
      { cause: failure, details: { path } },
    ),

  sessionOptionsRefused: (library: string, failure: OrtFailure) =>
    new ServingError(
      failure.code,
      "SESSION_OPTIONS_REFUSED",
      `${library} refused the session's options: ${failure.message}`,
      { cause: failure },
    ),

  runFailed: (failure: OrtFailure) =>
    new ServingError(failure.code, "ONNX_RUN_FAILED", failure.message, { cause: failure }),
};

import { ServingError } from "@serving-kit/core";

/** The errors of this package, one factory for each reason. */
export const errors = {
  processingInvalid: (problem: string) =>
    new ServingError("INVALID_ARGUMENT", "PROCESSING_INVALID", problem),

  libraryMissing: (what: string, library: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PROCESSING_LIBRARY_MISSING",
      `${what} needs the package ${library}, which is not installed; run: npm install ${library}`,
      { cause, details: { library } },
    ),

  pictureUnreadable: (problem: string, cause?: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PICTURE_UNREADABLE",
      `the picture cannot be read: ${problem}`,
      {
        cause,
      },
    ),

  pictureTooLarge: (width: number, height: number, maxPixels: number, what = "the picture") =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PICTURE_TOO_LARGE",
      `${what} has ${width} x ${height} pixels; expected at most ${maxPixels} in all; send a smaller picture, or raise maxPixels`,
      { details: { width, height, maxPixels } },
    ),

  labelsUnreadable: (where: string, problem: string, cause?: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "LABELS_UNREADABLE",
      `no labels in ${where}: ${problem}`,
      {
        cause,
      },
    ),

  labelsMismatch: (labels: number, classes: number) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "LABELS_MISMATCH",
      `the model has ${classes} classes; expected as many labels; got ${labels}`,
    ),

  tokenizerUnreadable: (where: string, problem: string, cause?: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "TOKENIZER_UNREADABLE",
      `${where} is not the file of a tokenizer: ${problem}`,
      { cause },
    ),

  textTooLong: (characters: number, maxCharacters: number) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TEXT_TOO_LONG",
      `the text has ${characters} characters; expected at most ${maxCharacters}; send a shorter text, or raise maxCharacters`,
    ),

  audioUnreadable: (problem: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "AUDIO_UNREADABLE",
      `the sound cannot be read: ${problem}`,
    ),

  audioTooLong: (seconds: number, maxSeconds: number) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "AUDIO_TOO_LONG",
      `the sound lasts ${seconds.toFixed(1)} s; expected at most ${maxSeconds} s; send a shorter one, or raise maxSeconds`,
    ),
};

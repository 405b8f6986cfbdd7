import { ServingError } from "@serving-kit/core";

const invalid = (reason: string, message: string) =>
  new ServingError("INVALID_ARGUMENT", reason, message);

/** The errors of this package, one factory for each reason. TF Serving's texts are unchanged. */
export const errors = {
  jsonSyntax: (problem: string, offset: number) =>
    invalid("JSON_INVALID", `JSON Parse error: ${problem} at offset: ${offset}`),

  jsonEmpty: () => invalid("JSON_INVALID", "JSON Parse error: The document is empty"),

  jsonUnfit: (value: string, problem: string) =>
    invalid("JSON_UNFIT", `JSON Value: ${value} ${problem}`),

  jsonWrongType: (value: string, type: string, dtype: string) =>
    invalid(
      "JSON_WRONG_TYPE",
      `JSON Value: ${value} Type: ${type} is not of expected type: ${dtype}`,
    ),

  jsonUnsupportedDtype: (value: string, dtype: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "JSON_DTYPE_UNSUPPORTED",
      `Conversion of JSON Value: ${value} to type: ${dtype}`,
    ),

  /** A request whose values cannot be converted to tensors; `problem` is the complete text. */
  requestUnfit: (problem: string) => invalid("REQUEST_UNFIT", problem),

  outputUnfit: (problem: string) => invalid("OUTPUT_UNFIT", problem),

  signatureUnknown: (name: string) =>
    invalid("SIGNATURE_NOT_FOUND", `Serving signature name: "${name}" not found in signature def`),
};

import { ServingError } from "@serving-kit/core";
import { jsonErrors } from "@serving-kit/tensor-json";

const invalid = (reason: string, message: string) =>
  new ServingError("INVALID_ARGUMENT", reason, message);

/** Maximum number of models that a message names. */
const MAX_NAMED = 20;

/** The errors of this package, one factory for each reason. TF Serving's texts are unchanged. */
export const errors = {
  malformedRequest: (method: string, path: string) =>
    invalid("MALFORMED_REQUEST", `Malformed request: ${method} ${path}`),

  versionNotNumeric: (digits: string) =>
    invalid("MALFORMED_REQUEST", `Failed to convert version: ${digits} to numeric.`),

  originMissing: () => invalid("ORIGIN_MISSING", "Origin header is missing in CORS preflight"),

  jsonUnfit: jsonErrors.jsonUnfit,

  requestUnfit: jsonErrors.requestUnfit,

  reloadTooLarge: (bytes: number, limit: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "RELOAD_TOO_LARGE",
      `expected a ReloadConfigRequest of at most ${limit} bytes; got ${bytes}. Name the models in a config file instead`,
    ),

  methodUnsupported: (methodName: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "METHOD_UNSUPPORTED",
      `Unsupported signature method_name: ${methodName}`,
    ),

  outputUnfit: jsonErrors.outputUnfit,

  signatureUnfit: (
    problem: string,
    code: "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "INTERNAL",
  ) => new ServingError(code, "SIGNATURE_UNFIT", problem),

  noVersions: (name: string) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_NOT_FOUND",
      `Could not find any versions of model ${name}`,
    ),

  noVersion: (name: string, version: bigint) =>
    new ServingError(
      "NOT_FOUND",
      "VERSION_NOT_FOUND",
      `Could not find version ${version} of model ${name}`,
    ),

  /** No version has such an id, so no lookup is needed. */
  versionNegative: (name: string, version: bigint) =>
    new ServingError(
      "NOT_FOUND",
      "VERSION_NOT_FOUND",
      `Servable not found for request: Specific(${name}, ${version})`,
    ),

  /** Has the code of the models' errors if they all have the same code. */
  reloadFailed: (count: number, failures: readonly { name: string; error?: ServingError }[]) => {
    const codes = new Set(failures.map(({ error }) => error?.code));
    const [code = "INTERNAL"] = codes;
    const named = failures
      .slice(0, MAX_NAMED)
      .map(({ name, error }) => `model ${name}: ${error?.message}`);
    const others = failures.length - named.length;
    if (others > 0) named.push(`and ${others} others`);
    return new ServingError(
      codes.size === 1 ? code : "FAILED_PRECONDITION",
      "RELOAD_FAILED",
      `the models were replaced, but ${failures.length} of ${count} are not available: ${named.join("; ")}`,
      {
        cause: new AggregateError(failures.map(({ error }) => error)),
        details: { models: failures.map(({ name }) => name) },
      },
    );
  },
};

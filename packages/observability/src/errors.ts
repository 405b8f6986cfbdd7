import { ServingError } from "@serving-kit/core";

/** All errors of this package; docs/errors.md describes them. */
export const errors = {
  openTelemetryMissing: (cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "OPEN_TELEMETRY_MISSING",
      "tracing: true needs the package @opentelemetry/api, which cannot be loaded; install it and an " +
        "OpenTelemetry SDK in the app",
      { cause },
    ),

  requestLogInvalid: (line: number, problem: string, cause: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "REQUEST_LOG_INVALID",
      `request log: expected a PredictionLog in JSON on line ${line}; ${problem}`,
      { cause },
    ),
};

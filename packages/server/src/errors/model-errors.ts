import { messageOf, type ServableId, ServingError } from "@serving-kit/core";

/** The errors of models: of their sources, their loads, and reloads by clients. */
export const modelErrors = {
  platformNotFound: (path: string, known: readonly string[]) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PLATFORM_NOT_FOUND",
      `no platform accepts ${path}; the server has ${known.join(", ") || "none"}. Check the files, ` +
        "or name the model's platform",
    ),

  versionCrashed: (path: string, crashes: number, record: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "VERSION_CRASHED",
      `${path} is not loaded: the process ended ${crashes} times during its load. Replace its files, or remove ${record} to try again`,
      { details: { path, crashes } },
    ),

  sourceFailed: (name: string, schemes: readonly string[], cause: unknown, isServed: boolean) =>
    new ServingError(
      "UNAVAILABLE",
      "SOURCE_FAILED",
      `the source of model ${name} failed (${schemes.join(", ")}): ${messageOf(cause)}; ${
        isServed ? "the current versions are kept, and " : ""
      }the source is tried again`,
      { cause, details: { name } },
    ),

  sourceEnded: (name: string, isServed: boolean, cause?: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "SOURCE_FAILED",
      cause === undefined
        ? `model ${name}: all sources have ended without a version of it`
        : `a source that may have model ${name} failed: ${messageOf(cause)}${
            isServed ? "; the current versions are kept" : ""
          }`,
      { cause, details: { name } },
    ),

  sourceHangs: (name: string, schemes: readonly string[], quietMs: number, isServed: boolean) =>
    new ServingError(
      "UNAVAILABLE",
      "SOURCE_HANGS",
      `the source of model ${name} (${schemes.join(", ")}) has not responded for ${quietMs} ms${
        isServed ? "; the current versions are kept" : ""
      }`,
      { details: { name } },
    ),

  labelUnavailable: (label: string, id: ServableId) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "LABEL_UNAVAILABLE",
      `Request to assign label to version ${id.version} of model ${id.name}, which is not currently ` +
        `available for inference; label: ${label}`,
    ),

  modelNotSettled: (name: string, timeoutMs: number) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "MODEL_NOT_SETTLED",
      `model ${name} neither became available nor failed within ${timeoutMs} ms`,
    ),

  startUpFailed: (policy: string, failures: readonly { name: string; error?: Error }[]) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "START_UP_FAILED",
      `the start-up policy "${policy}" was not met: ${failures
        .map(({ name, error }) => `model ${name}: ${error?.message}`)
        .join(
          "; ",
        )}; fix the models, or set option startUpPolicy: "${policy === "all" ? "any" : "none"}"`,
      {
        cause:
          failures.length === 1
            ? failures[0]?.error
            : new AggregateError(failures.map(({ error }) => error)),
        details: { models: failures.map(({ name }) => name) },
      },
    ),

  reloadSuperseded: () =>
    new ServingError(
      "ABORTED",
      "RELOAD_SUPERSEDED",
      "the model was still loading when a newer configuration replaced this one",
    ),

  reloadOff: () =>
    new ServingError(
      "PERMISSION_DENIED",
      "RELOAD_NOT_ALLOWED",
      "clients must not change the models of this server (modelControl: none, --model_control=none)",
    ),

  reloadWithoutRoots: () =>
    new ServingError(
      "PERMISSION_DENIED",
      "RELOAD_NOT_ALLOWED",
      "clients must not choose folders to load: the server started without models, so it has no roots. Set the " +
        "folders that clients may load with --model_roots (modelRoots)",
    ),

  reloadOutsideRoots: (name: string, basePath: string) =>
    new ServingError(
      "PERMISSION_DENIED",
      "RELOAD_NOT_ALLOWED",
      // As JSON, so that a name from a client cannot forge a log line.
      `model ${JSON.stringify(name)}: clients must not load ${JSON.stringify(basePath)}: expected a folder or URI below the roots of the server ` +
        "(--model_roots, modelRoots; default: the parents of the base paths that it started with)",
      { details: { name } },
    ),
};

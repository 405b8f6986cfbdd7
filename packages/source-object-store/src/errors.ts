import { messageOf, type ServableId, ServingError, type Version } from "@serving-kit/core";

const list = (items: Iterable<unknown>) => [...items].join(", ");

/** The errors of this package, one factory for each reason. */
export const errors = {
  objectNotFound: (uri: string, cause?: unknown) =>
    new ServingError("NOT_FOUND", "OBJECT_NOT_FOUND", `${uri} no longer exists`, {
      cause,
      details: { uri },
    }),

  objectChanged: (uri: string, cause?: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "OBJECT_CHANGED",
      `${uri} was overwritten after it was listed`,
      { cause, details: { uri } },
    ),

  bucketNotFound: (uri: string, cause: unknown) =>
    new ServingError(
      "NOT_FOUND",
      "BUCKET_NOT_FOUND",
      `the bucket of ${uri} does not exist: check its name, the endpoint and the region`,
      { cause, details: { uri } },
    ),

  accessDenied: (uri: string, problem: string, cause: unknown) =>
    new ServingError(
      "PERMISSION_DENIED",
      "STORE_ACCESS_DENIED",
      `the store denied access to ${uri} (${problem}): check the credentials, and that they may list the bucket and get its objects`,
      { cause, details: { uri } },
    ),

  storeUnavailable: (uri: string, problem: string, cause?: unknown) =>
    new ServingError("UNAVAILABLE", "STORE_UNAVAILABLE", `${uri} cannot be read: ${problem}`, {
      cause,
      details: { uri },
    }),

  clientMissing: (name: string, install: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "STORE_CLIENT_MISSING",
      `models of ${name} need its client, which is not installed here: ${install}`,
      { cause, details: { install } },
    ),

  basePathUnreachable: (name: string, uri: string, cause: unknown, isServed: boolean) =>
    new ServingError(
      "UNAVAILABLE",
      "BASE_PATH_UNREACHABLE",
      `the base path ${uri} of servable ${name} cannot be read: ${messageOf(cause)}; ${
        isServed
          ? "the current versions are kept"
          : "none of its versions is in the cache, so none is served until it can be read"
      }`,
      { cause, details: { name, basePath: uri } },
    ),

  basePathNotFound: (name: string, uri: string, isServed: boolean) =>
    new ServingError(
      "NOT_FOUND",
      "BASE_PATH_NOT_FOUND",
      `no object starts with ${uri}/ (servable ${name}): expected versions such as ${uri}/1/${
        isServed ? "; the current versions are kept" : ""
      }`,
      { details: { name, basePath: uri } },
    ),

  servedFromCache: (name: string, uri: string, versions: Iterable<Version>, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "SERVED_FROM_CACHE",
      `the base path ${uri} of servable ${name} cannot be read: ${messageOf(cause)}; version ${list(versions)} of the last known list is served from the cache`,
      { cause, details: { name, basePath: uri } },
    ),

  noVersionsFound: (name: string, uri: string) =>
    new ServingError(
      "NOT_FOUND",
      "NO_VERSIONS_FOUND",
      `no versions of servable ${name} under the base path ${uri}: expected objects below a number, such as ${uri}/1/model.tflite`,
      { details: { name, basePath: uri } },
    ),

  versionsMissing: (name: string, uri: string, versions: Iterable<Version>) =>
    new ServingError(
      "NOT_FOUND",
      "VERSIONS_MISSING",
      list(versions) === ""
        ? `the version policy of servable ${name} names no version`
        : `the version policy of servable ${name} names versions that are not under ${uri}: ${list(versions)}`,
      { details: { name, basePath: uri } },
    ),

  duplicateVersion: (id: ServableId, chosen: string, others: readonly string[]) =>
    new ServingError(
      "ALREADY_EXISTS",
      "DUPLICATE_VERSION",
      `version ${id.version} of ${id.name} has several prefixes: using ${chosen}, ignoring ${list(others)}; keep one of them`,
    ),

  versionIncomplete: (uri: string, problem: string) =>
    new ServingError(
      "UNAVAILABLE",
      "VERSION_INCOMPLETE",
      `${uri} is not complete yet: ${problem}`,
      { details: { path: uri } },
    ),

  versionGone: (uri: string) =>
    new ServingError("NOT_FOUND", "VERSION_GONE", `${uri} no longer has any objects`, {
      details: { uri },
    }),

  versionUnreadable: (uri: string, problem: string, cause?: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "VERSION_UNREADABLE",
      `${uri} cannot be loaded: ${problem}`,
      { cause, details: { path: uri } },
    ),

  versionOverwritten: (uri: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "VERSION_OVERWRITTEN",
      `${uri} was overwritten after it was loaded; the server keeps the files that it loaded. Publish a new version instead`,
      { details: { uri } },
    ),

  versionUnsettled: (uri: string) =>
    new ServingError(
      "UNAVAILABLE",
      "VERSION_UNSETTLED",
      `${uri} was overwritten repeatedly while it was fetched; publish a new version instead`,
      { details: { uri } },
    ),

  checksumMismatch: (uri: string, expected: string, received: string) =>
    new ServingError(
      "DATA_LOSS",
      "CHECKSUM_MISMATCH",
      `${uri} is damaged: expected ${expected}; got ${received}. Upload it again`,
      { details: { uri } },
    ),

  downloadStalled: (uri: string, timeoutMs: number) =>
    new ServingError(
      "UNAVAILABLE",
      "DOWNLOAD_STALLED",
      `reading ${uri} made no progress for ${timeoutMs} ms`,
      { details: { uri } },
    ),

  archiveInvalid: (uri: string, problem: string, cause?: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "ARCHIVE_INVALID",
      `the archive ${uri} cannot be unpacked: ${problem}`,
      { cause, details: { uri } },
    ),

  cacheFull: (dir: string, uri: string, cause?: unknown) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "CACHE_FULL",
      `the model cache ${dir} has no room for ${uri}, and all its versions are in use: free disk space, or set a folder on a larger disk (the option modelCache)`,
      { cause, details: { dir, uri } },
    ),

  cacheUnwritable: (dir: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CACHE_UNWRITABLE",
      `the model cache ${dir} cannot be written: ${messageOf(cause)}; mount a volume there that this user may write, or set another folder (the option modelCache)`,
      { cause, details: { dir } },
    ),
};

/** Returns whether the store is reachable but rejects this request: not an outage or a configuration mistake. */
export function isStale(error: unknown): boolean {
  const { reason } = (error ?? {}) as { readonly reason?: unknown };
  return reason === "OBJECT_CHANGED" || reason === "OBJECT_NOT_FOUND";
}

/** Returns whether a file system error code means that the cache folder is unusable. */
export function isUnwritable(code: string | undefined): boolean {
  return ["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(code ?? "");
}

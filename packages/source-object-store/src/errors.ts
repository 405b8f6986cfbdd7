import { messageOf, type ServableId, ServingError, type Version } from "@serving-kit/core";

const list = (items: Iterable<unknown>) => [...items].join(", ");

/** The errors of this package, one factory for each reason. */
export const errors = {
  objectNotFound: (uri: string, cause?: unknown) =>
    new ServingError("NOT_FOUND", "OBJECT_NOT_FOUND", `${uri} is not there any more`, {
      cause,
      details: { uri },
    }),

  objectChanged: (uri: string, cause?: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "OBJECT_CHANGED",
      `${uri} was overwritten since it was listed`,
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
      `the store refuses ${uri} (${problem}): check the credentials, and that they may list the bucket and get its objects`,
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
          ? "the last list of versions stays in force"
          : "nothing of it is in the cache, so nothing is served until it can be read"
      }`,
      { cause, details: { name, basePath: uri } },
    ),

  basePathNotFound: (name: string, uri: string, isServed: boolean) =>
    new ServingError(
      "NOT_FOUND",
      "BASE_PATH_NOT_FOUND",
      `no object starts with ${uri}/ (servable ${name}): expected versions such as ${uri}/1/${
        isServed ? "; the last list of versions stays in force" : ""
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
      `several prefixes are version ${id.version} of ${id.name}: ${chosen} is used, ${list(others)} ignored; keep one of them`,
    ),

  versionIncomplete: (uri: string, problem: string) =>
    new ServingError(
      "UNAVAILABLE",
      "VERSION_INCOMPLETE",
      `${uri} is not complete yet: ${problem}`,
      { details: { path: uri } },
    ),

  versionGone: (uri: string) =>
    new ServingError("NOT_FOUND", "VERSION_GONE", `${uri} has no objects any more`, {
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
      `${uri} was overwritten since it was loaded; the server continues with what it loaded. Write a new version instead`,
      { details: { uri } },
    ),

  versionUnsettled: (uri: string) =>
    new ServingError(
      "UNAVAILABLE",
      "VERSION_UNSETTLED",
      `${uri} was overwritten again and again while it was fetched; write a new version instead`,
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
      `the model cache ${dir} has no room for ${uri}, and all else in it is in use: make room on its disk, or set a folder on a larger one (the option modelCache)`,
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

/** Whether the store answers, but not for this request: neither an outage nor a mistake of the configuration. */
export function isStale(error: unknown): boolean {
  const { reason } = (error ?? {}) as { readonly reason?: unknown };
  return reason === "OBJECT_CHANGED" || reason === "OBJECT_NOT_FOUND";
}

/** Whether the code of an error of the file system says that a cache cannot be where it is. */
export function isUnwritable(code: string | undefined): boolean {
  return ["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(code ?? "");
}

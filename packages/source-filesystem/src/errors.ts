import {
  formatServableId,
  messageOf,
  type ServableId,
  ServingError,
  type Version,
} from "@serving-kit/core";

const list = (items: Iterable<unknown>) => [...items].join(", ");

/** The errors of this package, one factory for each reason. */
export const errors = {
  basePathUnreachable: (name: string, basePath: string, cause: unknown, isServed: boolean) =>
    new ServingError(
      "UNAVAILABLE",
      "BASE_PATH_UNREACHABLE",
      `the base path ${basePath} of servable ${name} cannot be read: ${messageOf(cause)}; ${
        isServed
          ? "the current versions are kept"
          : `expected a folder with versions in it, such as ${basePath}/1`
      }`,
      { cause, details: { name, basePath } },
    ),

  basePathHangs: (name: string, basePath: string, timeoutMs: number, isServed: boolean) =>
    new ServingError(
      "UNAVAILABLE",
      "BASE_PATH_HANGS",
      `the base path ${basePath} of servable ${name} has not responded for ${timeoutMs} ms${
        isServed ? "; the current versions are kept" : ""
      }`,
      { details: { name, basePath } },
    ),

  noVersionsFound: (name: string, basePath: string, hint?: string) =>
    new ServingError(
      "NOT_FOUND",
      "NO_VERSIONS_FOUND",
      `no versions of servable ${name} under the base path ${basePath}: expected a directory named by a number, such as ${basePath}/1, with the model in it${hint ? `. Of ${basePath} itself: ${hint}` : ""}`,
      { details: { name, basePath } },
    ),

  versionsMissing: (name: string, basePath: string, versions: Iterable<Version>) =>
    new ServingError(
      "NOT_FOUND",
      "VERSIONS_MISSING",
      list(versions) === ""
        ? `the version policy of servable ${name} names no version`
        : `the version policy of servable ${name} names versions that are not under ${basePath}: ${list(versions)}`,
      { details: { name, basePath } },
    ),

  versionIncomplete: (id: ServableId, path: string, problem: string, remedy?: string) =>
    new ServingError(
      "UNAVAILABLE",
      "VERSION_INCOMPLETE",
      `${formatServableId(id)} at ${path} is not complete yet: ${problem}${remedy ? `; ${remedy}` : ""}`,
      { details: { path } },
    ),

  versionStalled: (
    id: ServableId,
    path: string,
    problem: string,
    remedy = "copy it again, or remove it",
  ) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "VERSION_STALLED",
      `${formatServableId(id)} at ${path} is not complete, and its files no longer change: ` +
        `${problem}; ${remedy}`,
      { details: { path } },
    ),

  versionUnreadable: (id: ServableId, path: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "VERSION_UNREADABLE",
      `${formatServableId(id)} at ${path} cannot be read: ${messageOf(cause)}`,
      { cause, details: { path } },
    ),

  checkTimedOut: (path: string, timeoutMs: number) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "CHECK_TIMED_OUT",
      `the platform's isComplete(${path}) did not finish within ${timeoutMs} ms`,
    ),

  versionTooManyFiles: (path: string, limit: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "VERSION_TOO_MANY_FILES",
      `${path} has more than ${limit} files; expected the files of one model`,
    ),

  duplicateVersion: (id: ServableId, chosen: string, others: readonly string[]) =>
    new ServingError(
      "ALREADY_EXISTS",
      "DUPLICATE_VERSION",
      `${formatServableId(id)} has several directories: using ${chosen}, ignoring ${list(others)}; keep one of them`,
    ),

  watchFailed: (name: string, basePath: string, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "WATCH_FAILED",
      `the base path ${basePath} of servable ${name} cannot be watched: ${messageOf(cause)}; changes are found by polling only`,
      { cause, details: { name, basePath } },
    ),
};

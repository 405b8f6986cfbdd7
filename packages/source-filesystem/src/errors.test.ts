import { isServingError } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { errors } from "./errors.js";

const id = { name: "m", version: 7n };
const cause = new Error("EIO: i/o error");

describe("errors", () => {
  it.each([
    [
      errors.basePathUnreachable("m", "/models/m", cause, true),
      "UNAVAILABLE",
      "BASE_PATH_UNREACHABLE",
      "the base path /models/m of servable m cannot be read: EIO: i/o error; the current versions are kept",
    ],
    [
      errors.basePathHangs("m", "/models/m", 5000, true),
      "UNAVAILABLE",
      "BASE_PATH_HANGS",
      "the base path /models/m of servable m has not responded for 5000 ms; the current versions are kept",
    ],
    [
      errors.basePathHangs("m", "/models/m", 5000, false),
      "UNAVAILABLE",
      "BASE_PATH_HANGS",
      "the base path /models/m of servable m has not responded for 5000 ms",
    ],
    [
      errors.noVersionsFound("m", "/models/m"),
      "NOT_FOUND",
      "NO_VERSIONS_FOUND",
      "no versions of servable m under the base path /models/m: expected a directory named by a number, such as /models/m/1, with the model in it",
    ],
    [
      errors.versionsMissing("m", "/models/m", [1n, 2n]),
      "NOT_FOUND",
      "VERSIONS_MISSING",
      "the version policy of servable m names versions that are not under /models/m: 1, 2",
    ],
    [
      errors.versionIncomplete(id, "/models/m/7", "it has no files"),
      "UNAVAILABLE",
      "VERSION_INCOMPLETE",
      "{name: m version: 7} at /models/m/7 is not complete yet: it has no files",
    ],
    [
      errors.versionStalled(id, "/models/m/7", "it has no files"),
      "FAILED_PRECONDITION",
      "VERSION_STALLED",
      "{name: m version: 7} at /models/m/7 is not complete, and its files no longer change: it has no files; copy it again, or remove it",
    ],
    [
      errors.versionUnreadable(id, "/models/m/7", cause),
      "FAILED_PRECONDITION",
      "VERSION_UNREADABLE",
      "{name: m version: 7} at /models/m/7 cannot be read: EIO: i/o error",
    ],
    [
      errors.checkTimedOut("/models/m/7", 2500),
      "DEADLINE_EXCEEDED",
      "CHECK_TIMED_OUT",
      "the platform's isComplete(/models/m/7) did not finish within 2500 ms",
    ],
    [
      errors.versionTooManyFiles("/models/m/7", 100_000),
      "RESOURCE_EXHAUSTED",
      "VERSION_TOO_MANY_FILES",
      "/models/m/7 has more than 100000 files; expected the files of one model",
    ],
    [
      errors.duplicateVersion(id, "/models/m/7", ["/models/m/07"]),
      "ALREADY_EXISTS",
      "DUPLICATE_VERSION",
      "{name: m version: 7} has several directories: using /models/m/7, ignoring /models/m/07; keep one of them",
    ],
    [
      errors.watchFailed("m", "/models/m", cause),
      "UNAVAILABLE",
      "WATCH_FAILED",
      "the base path /models/m of servable m cannot be watched: EIO: i/o error; changes are found by polling only",
    ],
  ])("%s", (error, code, reason, message) => {
    expect(isServingError(error)).toBe(true);
    expect([error.code, error.reason, error.message]).toEqual([code, reason, message]);
  });

  it("keep their cause", () => {
    expect(errors.basePathUnreachable("m", "/m", cause, true).cause).toBe(cause);
    expect(errors.versionUnreadable(id, "/m/7", cause).cause).toBe(cause);
    expect(errors.watchFailed("m", "/m", cause).cause).toBe(cause);
  });

  it("have a test of the text for every reason", () => {
    expect(Object.keys(errors).length).toBe(11);
  });
});

import { describe, expect, it } from "vitest";
import { CODES, HTTP_STATUS } from "./codes.js";
import { errors, isServingError, ServingError } from "./errors.js";
import { servableId } from "./servable-id.js";
import { messageOf } from "./thrown.js";

const id = servableId("m", 3);
const cause = new Error("disk on fire");

/** The full text of every message, once: code, reason, message. */
const texts: Record<keyof typeof errors, [ServingError, string, string, string]> = {
  servableNotFound: [
    errors.servableNotFound({ name: "m" }),
    "NOT_FOUND",
    "SERVABLE_NOT_FOUND",
    "Servable not found for request: Latest(m)",
  ],
  labelNotFound: [
    errors.labelNotFound("m", "stable"),
    "INVALID_ARGUMENT",
    "LABEL_NOT_FOUND",
    "Unrecognized servable version label: stable",
  ],
  handleReleased: [
    errors.handleReleased(id),
    "FAILED_PRECONDITION",
    "HANDLE_RELEASED",
    "the handle of {name: m version: 3} was released; acquire a new one for further use",
  ],
  loadFailed: [
    errors.loadFailed(id, cause),
    "UNKNOWN",
    "LOAD_FAILED",
    "loading {name: m version: 3} failed: disk on fire",
  ],
  loadTimedOut: [
    errors.loadTimedOut(id, 5),
    "DEADLINE_EXCEEDED",
    "LOAD_TIMED_OUT",
    "loading {name: m version: 3} made no progress for 5 ms (option loadTimeoutMs); if it " +
      "completes later, its result is disposed",
  ],
  loadStillRuns: [
    errors.loadStillRuns(id),
    "UNAVAILABLE",
    "LOAD_STILL_RUNS",
    "{name: m version: 3} was not loaded again: an earlier load of it has timed out and still runs",
  ],
  unloadTimedOut: [
    errors.unloadTimedOut(id, 5),
    "DEADLINE_EXCEEDED",
    "UNLOAD_TIMED_OUT",
    "disposing {name: m version: 3} did not end within 5 ms (option unloadTimeoutMs); its " +
      "resources may leak",
  ],
  fetchFailed: [
    errors.fetchFailed("s3://b/m/3", cause),
    "UNAVAILABLE",
    "FETCH_FAILED",
    "fetching s3://b/m/3 failed: disk on fire",
  ],
  versionIncomplete: [
    errors.versionIncomplete(id, "s3://b/m/3", "a shard is missing", "upload it"),
    "UNAVAILABLE",
    "VERSION_INCOMPLETE",
    "{name: m version: 3} at s3://b/m/3 is not complete yet: a shard is missing; upload it",
  ],
  unloadFailed: [
    errors.unloadFailed(id, cause),
    "INTERNAL",
    "UNLOAD_FAILED",
    "unloading {name: m version: 3} failed: disk on fire; its resources may leak",
  ],
  adapterFailed: [
    errors.adapterFailed(id, cause),
    "INTERNAL",
    "ADAPTER_FAILED",
    "a source adapter failed for {name: m version: 3}: disk on fire",
  ],
  invalidAspiredVersions: [
    errors.invalidAspiredVersions("it has no name"),
    "INVALID_ARGUMENT",
    "INVALID_ASPIRED_VERSIONS",
    "ignored an invalid list of aspired versions from a source: it has no name",
  ],
  noLongerAspired: [
    errors.noLongerAspired(id),
    "CANCELLED",
    "NO_LONGER_ASPIRED",
    "loading {name: m version: 3} was cancelled: the version is no longer aspired",
  ],
  sourcesEnded: [
    errors.sourcesEnded({ name: "m" }, cause),
    "FAILED_PRECONDITION",
    "SOURCES_ENDED",
    "Latest(m) can never become available: no source lists it, and all sources of the manager have " +
      "ended, the last with: disk on fire",
  ],
  policyFailed: [
    errors.policyFailed("m", "disk on fire", cause),
    "INTERNAL",
    "POLICY_FAILED",
    "the aspired version policy failed for servable m: disk on fire; no action was taken",
  ],
  insufficientResources: [
    errors.insufficientResources(id, "ramBytes 5", "ramBytes 8", "ramBytes 10"),
    "RESOURCE_EXHAUSTED",
    "INSUFFICIENT_RESOURCES",
    "Insufficient resources to load servable {name: m version: 3}: it needs ramBytes 5, " +
      "and ramBytes 8 of ramBytes 10 is reserved; it will be loaded when enough is released",
  ],
  neverFits: [
    errors.neverFits(id, "ramBytes 11", "ramBytes 10"),
    "RESOURCE_EXHAUSTED",
    "NEVER_FITS",
    "servable {name: m version: 3} can never be loaded: it needs ramBytes 11 and the limits are " +
      "ramBytes 10; raise the limits",
  ],
  waitTimedOut: [
    errors.waitTimedOut("Latest(m)", 50, "no version is aspired"),
    "DEADLINE_EXCEEDED",
    "WAIT_TIMED_OUT",
    "Latest(m) was not reached within 50 ms (no version is aspired)",
  ],
  closeFailed: [
    errors.closeFailed([cause, cause]),
    "INTERNAL",
    "CLOSE_FAILED",
    "2 of the versions could not be unloaded: disk on fire; disk on fire",
  ],
  managerClosed: [
    errors.managerClosed(),
    "UNAVAILABLE",
    "MANAGER_CLOSED",
    "the manager is closed or closing",
  ],
};

describe("errors", () => {
  it.each(Object.entries(texts))("%s", (_, [error, code, reason, message]) => {
    expect([error.code, error.reason, error.message]).toEqual([code, reason, message]);
    expect(isServingError(error)).toBe(true);
  });

  it("keep their cause", () => {
    for (const make of [errors.loadFailed, errors.unloadFailed, errors.adapterFailed]) {
      expect(make(id, cause).cause).toBe(cause);
    }
    expect(errors.closeFailed([cause]).cause).toMatchObject({ errors: [cause] });
  });

  it("do not wrap one another", () => {
    const inner = errors.managerClosed();
    expect(errors.loadFailed(id, inner)).toBe(inner);
    expect(errors.adapterFailed(id, inner)).toBe(inner);
  });
});

describe("ServingError", () => {
  it("is an Error with a code, a reason, frozen details and a cause", () => {
    const error = new ServingError("ABORTED", "WHY", "because", { cause, details: { n: 1 } });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "ServingError", code: "ABORTED", reason: "WHY", cause });
    expect(Object.isFrozen(error.details)).toBe(true);
    expect(new ServingError("ABORTED", "WHY", "because")).not.toHaveProperty("cause");
  });

  it("is recognised by its brand, also when another copy of this package made it", () => {
    const foreign = Object.assign(new Error("x"), {
      ...{ code: "ABORTED", reason: "WHY" },
      [Symbol.for("serving-kit.ServingError")]: true,
    });
    expect(isServingError(foreign)).toBe(true);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const other of [new Error("x"), null, undefined, "text", 1, {}, proxy]) {
      expect(isServingError(other)).toBe(false);
    }
  });

  it("has the sixteen codes of gRPC with their numbers", () => {
    expect(Object.values(CODES)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });
});

describe("the HTTP status of a ServingError", () => {
  it.each(Object.entries(HTTP_STATUS))("of %s is %i", (code, status) => {
    const error = new ServingError(code as keyof typeof HTTP_STATUS, "X", "m");
    expect([error.status, error.statusCode]).toEqual([status, status]);
    expect(error.expose).toBe(status < 500);
  });

  it("is the situation's own, or 500 for a code that is none", () => {
    const tooLarge = new ServingError("RESOURCE_EXHAUSTED", "X", "m", { status: 413 });
    expect([tooLarge.status, tooLarge.statusCode]).toEqual([413, 413]);
    expect(new ServingError("constructor" as "UNKNOWN", "X", "m").status).toBe(500);
  });
});

describe("messageOf", () => {
  it.each<[unknown, string]>([
    [new Error("text"), "text"],
    ["text", "text"],
    [undefined, "undefined"],
    [Symbol("s"), "Symbol(s)"],
    [Object.create(null), "a value that has no string form was thrown"],
    [
      Object.defineProperty(new Error(), "message", {
        get() {
          throw new Error("twice");
        },
      }),
      "a value that has no string form was thrown",
    ],
  ])("gives a text for anything that was thrown (%#)", (thrown, text) => {
    expect(messageOf(thrown)).toBe(text);
  });
});

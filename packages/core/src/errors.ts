import { type Code, HTTP_STATUS } from "./codes.js";
import { formatServableId, type ServableId } from "./servable-id.js";
import { formatServableRequest, type ServableRequest } from "./servable-request.js";
import { asError, messageOf } from "./thrown.js";

const BRAND = Symbol.for("serving-kit.ServingError");

/** Members of a ServingError in addition to its code, reason and message. */
export interface ServingErrorOptions {
  /** The error that caused this error. */
  readonly cause?: unknown;
  /** Facts for programs: names and numbers, never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The HTTP status, if it is more specific than that of the code, such as 413. Default: that of the code. */
  readonly status?: number | undefined;
}

/**
 * The class of all run-time errors of the kit.
 *
 * `code` is one of the canonical gRPC codes and decides how a caller may react. `reason` is a stable identifier,
 * listed in docs/errors.md. The message has the expected value, the received value and what to do. It may change
 * between versions; the code and reason never change. `status`, `statusCode` and `expose` are the members that
 * Express, Fastify, Koa and Nest read from an error that a route throws: they respond with 4xx if it is the caller's
 * mistake. Programming mistakes (a negative size, a missing argument) throw a plain TypeError or RangeError
 * synchronously.
 *
 * @example
 * ```ts
 * throw new ServingError("NOT_FOUND", "MODEL_NOT_FOUND", "there is no model of that name");
 * ```
 */
export class ServingError extends Error {
  readonly code: Code;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** The HTTP status of a response with this error. Default: that of the code, in `HTTP_STATUS`. */
  readonly status: number;

  constructor(code: Code, reason: string, message: string, options: ServingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ServingError";
    this.code = code;
    this.reason = reason;
    this.details = Object.freeze({ ...options.details });
    // A code that TypeScript did not check may have no status.
    this.status = options.status ?? (Object.hasOwn(HTTP_STATUS, code) ? HTTP_STATUS[code] : 500);
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The same as `status`. */
  get statusCode(): number {
    return this.status;
  }

  /** True if the message may be sent to the caller: true if the status is below 500. */
  get expose(): boolean {
    return this.status < 500;
  }
}

/**
 * Returns whether a value is a ServingError, of this or another installed copy of this package. Never throws: returns
 * false if the code, reason or message cannot be read.
 *
 * @example
 * ```ts
 * try {
 *   await models.predict("digits", { image: pixels });
 * } catch (error) {
 *   if (!isServingError(error)) throw error;
 *   console.log(error.code, error.reason, error.message);
 * }
 * ```
 */
export function isServingError(error: unknown): error is ServingError {
  try {
    if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
    const { code, reason, message } = error as Partial<ServingError>;
    return [code, reason, message].every((text) => typeof text === "string");
  } catch {
    return false; // A revoked proxy, or a getter that throws.
  }
}

/** The errors of this package, one factory for each reason. */
export const errors = {
  servableNotFound: (request: ServableRequest) =>
    new ServingError(
      "NOT_FOUND",
      "SERVABLE_NOT_FOUND",
      `Servable not found for request: ${formatServableRequest(request)}`,
      { details: { name: request.name } },
    ),

  labelNotFound: (name: string, label: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "LABEL_NOT_FOUND",
      `Unrecognized servable version label: ${label}`,
      { details: { name, label } },
    ),

  handleReleased: (id: ServableId) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "HANDLE_RELEASED",
      `the handle of ${formatServableId(id)} was released; acquire a new one for further use`,
    ),

  loadFailed: (id: ServableId, cause: unknown) =>
    isServingError(cause)
      ? cause
      : new ServingError(
          "UNKNOWN",
          "LOAD_FAILED",
          `loading ${formatServableId(id)} failed: ${messageOf(cause)}`,
          { cause: asError(cause) },
        ),

  loadTimedOut: (id: ServableId, timeoutMs: number) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "LOAD_TIMED_OUT",
      `loading ${formatServableId(id)} made no progress for ${timeoutMs} ms (option loadTimeoutMs); if it ` +
        "completes later, its result is disposed",
    ),

  loadStillRuns: (id: ServableId) =>
    new ServingError(
      "UNAVAILABLE",
      "LOAD_STILL_RUNS",
      `${formatServableId(id)} was not loaded again: an earlier load of it has timed out and still runs`,
    ),

  unloadTimedOut: (id: ServableId, timeoutMs: number) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "UNLOAD_TIMED_OUT",
      `disposing ${formatServableId(id)} did not end within ${timeoutMs} ms (option unloadTimeoutMs); its ` +
        "resources may leak",
    ),

  fetchFailed: (uri: string, cause: unknown) =>
    isServingError(cause)
      ? cause
      : new ServingError(
          "UNAVAILABLE",
          "FETCH_FAILED",
          `fetching ${uri} failed: ${messageOf(cause)}`,
          { cause: asError(cause), details: { uri } },
        ),

  versionIncomplete: (id: ServableId, uri: string, problem: string, remedy?: string) =>
    new ServingError(
      "UNAVAILABLE",
      "VERSION_INCOMPLETE",
      `${formatServableId(id)} at ${uri} is not complete yet: ${problem}${remedy ? `; ${remedy}` : ""}`,
      { details: { path: uri } },
    ),

  unloadFailed: (id: ServableId, cause: unknown) =>
    new ServingError(
      "INTERNAL",
      "UNLOAD_FAILED",
      `unloading ${formatServableId(id)} failed: ${messageOf(cause)}; its resources may leak`,
      { cause: asError(cause) },
    ),

  adapterFailed: (id: ServableId, cause: unknown) =>
    isServingError(cause)
      ? cause
      : new ServingError(
          "INTERNAL",
          "ADAPTER_FAILED",
          `a source adapter failed for ${formatServableId(id)}: ${messageOf(cause)}`,
          { cause: asError(cause) },
        ),

  invalidAspiredVersions: (problem: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "INVALID_ASPIRED_VERSIONS",
      `ignored an invalid list of aspired versions from a source: ${problem}`,
    ),

  noLongerAspired: (id: ServableId) =>
    new ServingError(
      "CANCELLED",
      "NO_LONGER_ASPIRED",
      `loading ${formatServableId(id)} was cancelled: the version is no longer aspired`,
    ),

  policyFailed: (name: string, problem: string, cause?: unknown) =>
    new ServingError(
      "INTERNAL",
      "POLICY_FAILED",
      `the aspired version policy failed for servable ${name}: ${problem}; no action was taken`,
      { cause: cause === undefined ? undefined : asError(cause) },
    ),

  insufficientResources: (id: ServableId, wanted: string, reserved: string, limits: string) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "INSUFFICIENT_RESOURCES",
      `Insufficient resources to load servable ${formatServableId(id)}: it needs ${wanted}, and ${reserved} of ${limits} is reserved; it will be loaded when enough is released`,
    ),

  neverFits: (id: ServableId, wanted: string, limits: string) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "NEVER_FITS",
      `servable ${formatServableId(id)} can never be loaded: it needs ${wanted} and the limits are ${limits}; raise the limits`,
    ),

  waitTimedOut: (what: string, timeoutMs: number, seen: string) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "WAIT_TIMED_OUT",
      `${what} was not reached within ${timeoutMs} ms (${seen})`,
    ),

  closeFailed: (failures: readonly unknown[]) =>
    new ServingError(
      "INTERNAL",
      "CLOSE_FAILED",
      `${failures.length} of the versions could not be unloaded: ${failures.map(messageOf).join("; ")}`,
      { cause: new AggregateError(failures.map(asError)) },
    ),

  sourcesEnded: (request: ServableRequest, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "SOURCES_ENDED",
      `${formatServableRequest(request)} can never become available: no source lists it, and all sources of the manager have ended${
        cause === undefined ? "" : `, the last with: ${messageOf(cause)}`
      }`,
      {
        cause: cause === undefined ? undefined : asError(cause),
        details: { name: request.name },
      },
    ),

  managerClosed: () =>
    new ServingError("UNAVAILABLE", "MANAGER_CLOSED", "the manager is closed or closing"),
};

/** The kinds of refusals that protect the server: what it refuses to clients, or closes. */
export const REFUSALS = [
  "request_memory",
  "memory_spent",
  "body_too_large",
  "inflation",
  "deadline",
  "host",
  "unauthorized",
  "model_control",
  "slow_request",
  "connections",
  "stalled_answer",
  "idle_stream",
  "broken_http2",
] as const;

/** A kind of refusal. */
export type Refusal = (typeof REFUSALS)[number];

/** The kinds of the refusals that are errors of a call, by their reasons. */
const BY_REASON: ReadonlyMap<string, Refusal> = new Map([
  ["REQUEST_TOO_COSTLY", "request_memory"],
  ["MEMORY_SPENT", "memory_spent"],
  ["BODY_TOO_LARGE", "body_too_large"],
  ["RELOAD_TOO_LARGE", "body_too_large"],
  ["BODY_INFLATES_TOO_MUCH", "inflation"],
  ["DEADLINE_EXCEEDED", "deadline"],
  ["HOST_NOT_ALLOWED", "host"],
  ["NOT_AUTHORIZED", "unauthorized"],
  ["RELOAD_NOT_ALLOWED", "model_control"],
]);

/** The errors with which an app's `authorize` denied requests: their reasons are the app's own. */
const denials = new WeakSet<object>();

/** Counts an error as a denial of the app, and returns it. */
export function denial<E extends object>(error: E): E {
  denials.add(error);
  return error;
}

/** Returns the kind of refusal that an error is, also for a denial of the app; undefined if it is none. */
export const refusalOfError = (error: { readonly reason: string }): Refusal | undefined =>
  denials.has(error) ? "unauthorized" : refusalOf(error.reason);

/** The kind of refusal that an error is; undefined if it is none. */
export const refusalOf = (reason: string | undefined): Refusal | undefined =>
  reason === undefined ? undefined : BY_REASON.get(reason);

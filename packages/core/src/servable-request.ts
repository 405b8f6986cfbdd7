import type { ServableId, Version } from "./servable-id.js";

/**
 * The version of a servable that a caller requests.
 *
 * At most one of `version` and `label` may be set. Without them, the request means the newest version that is
 * available now.
 *
 * @example
 * ```ts
 * const stable: ServableRequest = { name: "digits", label: "stable" };
 * using digits = models.manager.acquire(stable);
 * ```
 */
export interface ServableRequest {
  readonly name: string;
  /** Exactly this version. */
  readonly version?: bigint | number;
  /** The version that this label points to. */
  readonly label?: string;
}

/** Formats a request as TF Serving's messages do: `Specific(m, 3)`, `Latest(m)`. */
export function formatServableRequest(request: ServableRequest): string {
  if (request.version !== undefined) return `Specific(${request.name}, ${request.version})`;
  if (request.label !== undefined) return `Label(${request.name}, ${request.label})`;
  return `Latest(${request.name})`;
}

/** The labels of one servable, and the version that each points to. */
export type VersionLabels = Readonly<Record<string, Version | number>>;

/** Returns the request for exactly the version of an id. */
export function specific(id: ServableId): ServableRequest {
  return { name: id.name, version: id.version };
}

/** Returns the request that a name stands for. @throws TypeError if there is no name. */
export function requestOf(request: ServableRequest | string): ServableRequest {
  if (typeof request === "string") return { name: request };
  if (typeof request?.name === "string") return request;
  const got = request === null ? "null" : typeof request;
  throw new TypeError(`acquire: expected a name or { name, version?, label? }; got ${got}`);
}

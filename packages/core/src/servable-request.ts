import type { ServableId, Version } from "./servable-id.js";

/**
 * Names the version of a servable that a caller wants.
 *
 * At most one of `version` and `label` is given; without them the newest available version is meant: the
 * greatest that is available now, never one that merely exists.
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
  /** The version that this label points at. */
  readonly label?: string;
}

/** Writes a request the way TF Serving's messages do: `Specific(m, 3)`, `Latest(m)`. */
export function formatServableRequest(request: ServableRequest): string {
  if (request.version !== undefined) return `Specific(${request.name}, ${request.version})`;
  if (request.label !== undefined) return `Label(${request.name}, ${request.label})`;
  return `Latest(${request.name})`;
}

/** The labels of one servable: which version each points at. */
export type VersionLabels = Readonly<Record<string, Version | number>>;

/** The request for exactly the version of an id. */
export function specific(id: ServableId): ServableRequest {
  return { name: id.name, version: id.version };
}

/** The request that a name is short for. @throws TypeError if there is no name. */
export function requestOf(request: ServableRequest | string): ServableRequest {
  if (typeof request === "string") return { name: request };
  if (typeof request?.name === "string") return request;
  const got = request === null ? "null" : typeof request;
  throw new TypeError(`acquire: expected a name or { name, version?, label? }; got ${got}`);
}

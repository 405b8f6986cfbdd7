import { toVersion, type Version } from "./servable-id.js";

/**
 * Decides which of the versions found in storage are aspired: the newest ones, all, or those that are named.
 *
 * Made by `latestVersions`, `allVersions` and `specificVersions`. Only complete versions count: `latestVersions(1)`
 * aspires the newest complete version, even while a newer version is still being written.
 *
 * @example
 * ```ts
 * const newest: ServableVersionPolicy = latest(1);
 * ```
 */
export type ServableVersionPolicy =
  | { readonly kind: "latest"; readonly numVersions: number }
  | { readonly kind: "all" }
  | { readonly kind: "specific"; readonly versions: ReadonlySet<Version> };

/**
 * Aspires the newest `numVersions` versions (default 1): those with the largest numbers.
 *
 * @throws RangeError if `numVersions` is not a positive integer.
 *
 * @example
 * ```ts
 * const config: ModelConfig = { name: "digits", basePath: "models/digits", versionPolicy: latest(2) };
 * ```
 */
export function latestVersions(numVersions = 1): ServableVersionPolicy {
  if (!Number.isSafeInteger(numVersions) || numVersions < 1) {
    throw new RangeError(`latest: expected a positive number of versions; got ${numVersions}`);
  }
  return { kind: "latest", numVersions };
}

/**
 * Aspires every version.
 *
 * @example
 * ```ts
 * const config: ModelConfig = { name: "digits", basePath: "models/digits", versionPolicy: all() };
 * ```
 */
export function allVersions(): ServableVersionPolicy {
  return { kind: "all" };
}

/**
 * Aspires exactly those of the named versions that exist. An empty list aspires nothing.
 *
 * @throws RangeError if a version is not an int64 of at least 0.
 *
 * @example
 * ```ts
 * const config: ModelConfig = { name: "digits", basePath: "models/digits", versionPolicy: specific([1, 2]) };
 * ```
 */
export function specificVersions(versions: Iterable<bigint | number>): ServableVersionPolicy {
  return { kind: "specific", versions: new Set(Array.from(versions, toVersion)) };
}

/** Returns those of the found versions that the policy may choose, newest first. */
export function eligibleVersions(
  policy: ServableVersionPolicy,
  found: Iterable<Version>,
): readonly Version[] {
  const eligible =
    policy.kind === "specific"
      ? [...found].filter((version) => policy.versions.has(version))
      : [...found];
  return eligible.sort((a, b) => (a === b ? 0 : a > b ? -1 : 1));
}

/** Maximum number of complete versions that the policy chooses; Infinity for all eligible versions. */
export function wantedCount(policy: ServableVersionPolicy): number {
  return policy.kind === "latest" ? policy.numVersions : Number.POSITIVE_INFINITY;
}

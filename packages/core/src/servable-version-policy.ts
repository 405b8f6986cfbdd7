import { toVersion, type Version } from "./servable-id.js";

/**
 * Which of the versions found in storage are aspired: the newest few, all, or those that are named.
 *
 * Made by `latestVersions`, `allVersions` and `specificVersions`. Only versions whose files are complete count: with
 * `latestVersions(1)` the newest complete version is aspired while a newer one is still being written.
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
 * Aspires the newest `numVersions` versions (default 1), newest meaning the greatest number.
 *
 * @throws RangeError when `numVersions` is not a positive integer.
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
 * Aspires exactly the named versions, as far as they exist. An empty list aspires nothing.
 *
 * @throws RangeError when one is not an int64 greater than or equal to 0.
 *
 * @example
 * ```ts
 * const config: ModelConfig = { name: "digits", basePath: "models/digits", versionPolicy: specific([1, 2]) };
 * ```
 */
export function specificVersions(versions: Iterable<bigint | number>): ServableVersionPolicy {
  return { kind: "specific", versions: new Set(Array.from(versions, toVersion)) };
}

/** The versions that the policy could choose among those found: newest first, others left out. */
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

/** How many complete versions the policy wants at most; Infinity for all of the eligible ones. */
export function wantedCount(policy: ServableVersionPolicy): number {
  return policy.kind === "latest" ? policy.numVersions : Number.POSITIVE_INFINITY;
}

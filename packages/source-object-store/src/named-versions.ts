import { type FoundProblem, type Version, versionNames } from "@serving-kit/core";
import type { ModelCache } from "./cache/model-cache.js";
import { errors } from "./errors.js";
import { below, formatStoreUri, type StoreUri } from "./store-uri.js";

/**
 * Returns the name of each version. If a version has several names, chooses an aspired one, else the shortest, and
 * reports the others as problems.
 */
export function nameVersions(
  servable: string,
  names: Iterable<string>,
  isAspired: (name: string) => boolean,
  problems: FoundProblem[],
): Map<Version, string> {
  const found = new Map<Version, string>();
  for (const [version, same] of versionNames(names)) {
    const chosen = same.find(isAspired) ?? (same[0] as string);
    found.set(version, chosen);
    const others = same.filter((name) => name !== chosen);
    if (others.length === 0) continue;
    const error = errors.duplicateVersion({ name: servable, version }, chosen, others);
    problems.push({ version, error });
  }
  return found;
}

/** Returns the cached versions of the last known list of a base path, by their names. */
export async function knownVersions(
  cache: ModelCache,
  uri: StoreUri,
): Promise<ReadonlyMap<Version, string>> {
  const known = new Map<Version, string>();
  for (const [version, name] of await cache.known.list(formatStoreUri(uri))) {
    const key = await cache.known.keyOf(below(uri, name));
    if (key !== undefined && (await cache.has(key))) known.set(version, name);
  }
  return known;
}

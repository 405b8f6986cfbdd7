import { parseVersion, type Version } from "./servable-id.js";

/**
 * Returns the versions among some names: the decimal int64 numbers, leading zeros allowed. All other names (hidden,
 * temporary, with a suffix or a sign, too large) are ignored.
 *
 * The names of each version are sorted, shortest first: `7` before `007`. The order of `names` does not matter.
 */
export function versionNames(names: Iterable<string>): ReadonlyMap<Version, readonly string[]> {
  const byVersion = new Map<Version, string[]>();
  for (const name of names) {
    const version = parseVersion(name);
    if (version === undefined) continue;
    const sameVersion = byVersion.get(version);
    if (sameVersion === undefined) byVersion.set(version, [name]);
    else sameVersion.push(name);
  }
  for (const sameVersion of byVersion.values()) {
    // Names of one number differ in leading zeros only, so the length orders them.
    if (sameVersion.length > 1) sameVersion.sort((a, b) => a.length - b.length);
  }
  return byVersion;
}

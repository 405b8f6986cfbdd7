import type { AspiredVersion, AspiredVersions } from "./aspired-versions.js";
import { isServingError } from "./errors.js";
import type { Loader } from "./loader.js";
import { isVersion, type Version } from "./servable-id.js";

/** Returns what is invalid about a list that a source emitted, or undefined. Internal. */
export function problemOf(list: AspiredVersions<unknown>): string | undefined {
  if (typeof list?.name !== "string") return "it has no name";
  if (!Array.isArray(list.versions)) return `versions of ${list.name} is not an array`;
  if (list.error !== undefined) {
    if (!isServingError(list.error)) return `the error of ${list.name} is not a ServingError`;
    if (list.versions.length > 0) return `the list of ${list.name} has versions and an error`;
  }
  const seen = new Set<Version>();
  for (const aspired of list.versions as readonly AspiredVersion<Partial<Loader<unknown>>>[]) {
    const id = aspired?.id;
    if (id?.name !== list.name) return `a version in the list of ${list.name} is of ${id?.name}`;
    const { version } = id;
    if (!isVersion(version)) return `${String(version)} is not a version (bigint >= 0)`;
    if (seen.has(version)) return `version ${version} of ${list.name} is listed twice`;
    seen.add(version);
    if ("error" in aspired) {
      if (!isServingError(aspired.error))
        return `the error of version ${version} of ${list.name} is not a ServingError`;
    } else if (typeof aspired.data?.load !== "function") {
      return `the data of version ${version} of ${list.name} is not a Loader (an adapter is missing)`;
    }
  }
  return undefined;
}

import type { AspiredVersion, AspiredVersions, StoragePath, Version } from "@serving-kit/core";

/** The aspired versions of one servable, newest first. */
export type AspiredList = readonly AspiredVersion<StoragePath>[];

/** Returns the version in a list that has a path and no error, if any. */
export function findAspired(
  list: AspiredList,
  version: Version,
  path: string,
): AspiredVersion<StoragePath> | undefined {
  return list.find(
    (aspired) => aspired.id.version === version && "data" in aspired && aspired.data.path === path,
  );
}

/** Returns whether two lists of one servable have the same versions with the same paths or errors. */
export function isSameList(
  a: AspiredVersions<StoragePath>,
  b: AspiredVersions<StoragePath>,
): boolean {
  if (a.versions.length !== b.versions.length || a.error?.message !== b.error?.message)
    return false;
  return a.versions.every((version, index) => isSame(version, b.versions[index]));
}

function isSame(
  a: AspiredVersion<StoragePath>,
  b: AspiredVersion<StoragePath> | undefined,
): boolean {
  if (a.id.version !== b?.id.version) return false;
  if ("error" in a) return "error" in b && a.error.message === b.error.message;
  return "data" in b && a.data.path === b.data.path;
}

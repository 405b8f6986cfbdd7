import type { AspiredVersion, StoragePath, Version } from "@serving-kit/core";

/** The aspired versions of one servable, newest first. */
export type AspiredList = readonly AspiredVersion<StoragePath>[];

/** The version that a list has, without an error, at a path. */
export function findAspired(
  list: AspiredList | undefined,
  version: Version,
  path: string,
): AspiredVersion<StoragePath> | undefined {
  return list?.find(
    (aspired) => aspired.id.version === version && "data" in aspired && aspired.data.path === path,
  );
}

/** Whether two lists of one servable aspire the same versions from the same paths or errors. */
export function isSameList(a: AspiredList, b: AspiredList): boolean {
  return a.length === b.length && a.every((version, index) => isSame(version, b[index]));
}

function isSame(
  a: AspiredVersion<StoragePath>,
  b: AspiredVersion<StoragePath> | undefined,
): boolean {
  if (a.id.version !== b?.id.version) return false;
  if ("error" in a) return "error" in b && a.error.message === b.error.message;
  return "data" in b && a.data.path === b.data.path;
}

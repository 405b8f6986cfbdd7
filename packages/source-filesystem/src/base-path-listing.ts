import { type FileSystem, systemCode } from "./file-system.js";

/** The names in a base path; the array `FILE` itself if the base path is a file. */
export type BasePathListing = readonly string[];

/** The listing of a base path that is a file. */
export const FILE: BasePathListing = [];

/** Lists a base path. Rejects with the file system's error if the path can neither be listed nor is a file. */
export async function listBasePath(
  fileSystem: FileSystem,
  basePath: string,
): Promise<BasePathListing> {
  try {
    return await fileSystem.list(basePath);
  } catch (error) {
    if (systemCode(error) !== "ENOTDIR") throw error;
    // Either the base path is a file, or one of its parents is, and then this rejects as well.
    await fileSystem.stat(basePath);
    return FILE;
  }
}

/** Returns whether two listings have the same names in the same order, as for an unchanged directory. */
export function isSameListing(a: BasePathListing, b: BasePathListing | undefined): boolean {
  if (a === FILE || b === FILE || a.length !== b?.length) return a === b;
  return a.every((name, index) => name === b[index]);
}

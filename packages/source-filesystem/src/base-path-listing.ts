import { type FileSystem, systemCode } from "./file-system.js";

/** The names in a base path; the very array `FILE` when the base path is itself a file. */
export type BasePathListing = readonly string[];

/** Stands for the listing of a base path that is a file. */
export const FILE: BasePathListing = [];

/** Lists a base path. Rejects as the file system does when it can neither be listed nor be a file. */
export async function listBasePath(
  fileSystem: FileSystem,
  basePath: string,
): Promise<BasePathListing> {
  try {
    return await fileSystem.list(basePath);
  } catch (error) {
    if (systemCode(error) !== "ENOTDIR") throw error;
    // Either the base path is a file, or something above it is and this rejects as well.
    await fileSystem.stat(basePath);
    return FILE;
  }
}

/** Whether two listings have the same names in the same order, as those of an unchanged directory. */
export function isSameListing(a: BasePathListing, b: BasePathListing | undefined): boolean {
  if (a === FILE || b === FILE || a.length !== b?.length) return a === b;
  return a.every((name, index) => name === b[index]);
}

import { readFile } from "node:fs/promises";
import type { LibraryCandidate } from "./library-candidate.js";

/**
 * A library that is already open in this process, opened by another package, found by the name of
 * its file. Two copies of some libraries cannot live in one process, so this candidate comes before
 * the ones that would open another. Looks in `/proc/self/maps`, so only on Linux.
 */
export function mappedLibrary(fileName: RegExp): LibraryCandidate {
  return {
    origin: "libraries open in this process",
    async locate() {
      if (process.platform !== "linux") return { missing: "cannot be listed on this platform" };
      const path = findMapped(await readFile("/proc/self/maps", "utf8"), fileName);
      return path === undefined ? { missing: `none is called ${fileName.source}` } : { path };
    },
  };
}

/** The first mapped file whose name matches; one whose file was deleted since cannot be opened. */
export function findMapped(maps: string, fileName: RegExp): string | undefined {
  for (const line of maps.split("\n")) {
    // address perms offset dev inode path (proc(5))
    const path = /^\S+ \S+ \S+ \S+ \S+ +(\/.*)$/.exec(line)?.[1];
    if (path === undefined || path.endsWith(" (deleted)")) continue;
    if (fileName.test(path.slice(path.lastIndexOf("/") + 1))) return path;
  }
  return undefined;
}

import { readFileSync } from "node:fs";
import type { LibraryCandidate } from "./library-candidate.js";

/**
 * A library that another package has already opened in this process, found by the name of its file. Two copies of some
 * libraries cannot coexist in one process, so this candidate comes before those that would open another copy. Reads
 * `/proc/self/maps`, so only on Linux.
 */
export function mappedLibrary(fileName: RegExp): LibraryCandidate {
  return {
    origin: "libraries open in this process",
    locate() {
      if (process.platform !== "linux") return { missing: "cannot be listed on this platform" };
      // The kernel makes the file in memory: reading it takes less time than a hop to another thread.
      const path = findMapped(readFileSync("/proc/self/maps", "utf8"), fileName);
      return path === undefined
        ? { missing: `none has a name that matches /${fileName.source}/` }
        : { path };
    },
  };
}

/** Returns the first mapped file whose name matches. A file that was deleted since then cannot be opened. */
export function findMapped(maps: string, fileName: RegExp): string | undefined {
  for (const line of maps.split("\n")) {
    // Most lines are of other files.
    if (!fileName.test(line.slice(line.lastIndexOf("/") + 1))) continue;
    // address perms offset dev inode path (proc(5))
    const path = /^\S+ \S+ \S+ \S+ \S+ +(\/.*)$/.exec(line)?.[1];
    if (path === undefined || path.endsWith(" (deleted)")) continue;
    return path;
  }
  return undefined;
}

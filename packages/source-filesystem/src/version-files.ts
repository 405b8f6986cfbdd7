import { join } from "node:path";
import { errors } from "./errors.js";
import type { FileStats, FileSystem } from "./file-system.js";

/** The files of one version at one moment. */
export interface VersionFiles {
  /** Equal for two checks if no file was added, removed, resized or touched between them. */
  readonly fingerprint: string;
  /** The time of the last change of a file's content or a directory's entries, by the file system's wall clock. */
  readonly changedAtMs: number;
  /** Total size of all files in bytes. */
  readonly sizeBytes: number;
  readonly fileCount: number;
  /** True if the version is a directory, not a single file. */
  readonly isDirectory: boolean;
  /** The names directly below the version's directory; empty if the version is a file. */
  readonly names: readonly string[];
  /** A file that is still being written, judging by its name. */
  readonly unfinished?: string;
}

// Temporary files (.name.XXXXXX) and folders of rsync, and names of downloads and uploads before they are renamed.
const UNFINISHED =
  /^\..+\.[A-Za-z0-9]{6}$|^\.~tmp~$|^\.rsync-partial$|\.(part|partial|filepart|tmp)$/;

const MAX_FILES = 100_000;

/** Maximum length of a fingerprint that is the list of the files itself. One is kept for each aspired version. */
const MAX_LISTED = 512;

/**
 * Reads names, sizes and times of all files below `path`, and follows links.
 *
 * The time of change of a file is its ctime: `cp -p` and `rsync -a` restore the mtime, but nothing restores the
 * ctime. For the version's own directory, the mtime is used instead: renaming it, the usual way to publish a version
 * atomically, changes its ctime but not its contents.
 *
 * Rejects as `fileSystem` does, and with RESOURCE_EXHAUSTED / VERSION_TOO_MANY_FILES beyond 100,000 entries, which
 * also ends a walk through circular links.
 */
export async function readVersionFiles(
  fileSystem: FileSystem,
  path: string,
): Promise<VersionFiles> {
  const lines: string[] = [];
  let changedAtMs = 0;
  let sizeBytes = 0;
  let fileCount = 0;
  let unfinished: string | undefined;

  const note = (name: string, stats: FileStats, changed: number) => {
    if (lines.length >= MAX_FILES) throw errors.versionTooManyFiles(path, MAX_FILES);
    lines.push(`${name}\0${stats.size}\0${stats.mtimeMs}\0${stats.ctimeMs}\0${stats.ino}`);
    changedAtMs = Math.max(changedAtMs, changed);
    if (stats.isDirectory()) return;
    fileCount++;
    sizeBytes += stats.size;
  };
  const walk = async (directory: string, relative: string): Promise<string[]> => {
    const names = (await fileSystem.list(directory)).sort();
    for (const name of names) {
      if (UNFINISHED.test(name)) unfinished ??= relative + name;
      const entry = join(directory, name);
      const stats = await fileSystem.stat(entry);
      note(relative + name, stats, stats.ctimeMs);
      if (stats.isDirectory()) await walk(entry, `${relative}${name}/`);
    }
    return names;
  };

  const root = await fileSystem.stat(path);
  note("", root, root.isDirectory() ? root.mtimeMs : root.ctimeMs);
  const names = root.isDirectory() ? await walk(path, "") : [];
  return {
    fingerprint: await fingerprintOf(lines.join("\n")),
    changedAtMs,
    sizeBytes,
    fileCount,
    isDirectory: root.isDirectory(),
    names,
    ...(unfinished !== undefined && { unfinished }),
  };
}

/** Returns the list, or its digest if it is long. Versions with few files do without `node:crypto`: it loads in 2 ms. */
async function fingerprintOf(list: string): Promise<string> {
  if (list.length <= MAX_LISTED) return list;
  const { createHash } = await import("node:crypto");
  return createHash("sha256").update(list).digest("base64");
}

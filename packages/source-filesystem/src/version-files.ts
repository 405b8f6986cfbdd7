import { createHash } from "node:crypto";
import { join } from "node:path";
import { errors } from "./errors.js";
import type { FileStats, FileSystem } from "./file-system.js";

/** The files of one version at one moment. */
export interface VersionFiles {
  /** Equal for two looks if no file came, went, grew or was touched between them. */
  readonly fingerprint: string;
  /** When a file's content or a directory's entries last changed, by the file system's wall clock. */
  readonly changedAtMs: number;
  /** The sizes of all files together, in bytes. */
  readonly sizeBytes: number;
  readonly fileCount: number;
  /** Whether the version is a directory rather than one file. */
  readonly isDirectory: boolean;
  /** The names directly below the version's directory; empty if the version is a file. */
  readonly names: readonly string[];
  /** A file that some program has not finished writing, by its name. */
  readonly unfinished?: string;
}

// rsync's temporary file (.name.XXXXXX) and folders, and what downloads and uploads are called until
// they are renamed.
const UNFINISHED =
  /^\..+\.[A-Za-z0-9]{6}$|^\.~tmp~$|^\.rsync-partial$|\.(part|partial|filepart|tmp)$/;

const MAX_FILES = 100_000;

/**
 * Reads names, sizes and times of everything below `path`, links followed.
 *
 * The time of change of a file is its ctime: `cp -p` and `rsync -a` set the mtime back, nothing sets
 * the ctime back. Of the version's own directory the mtime is taken instead, since renaming it, the
 * usual way to publish a version at once, changes its ctime but nothing inside it.
 *
 * Rejects as `fileSystem` does, and with RESOURCE_EXHAUSTED / VERSION_TOO_MANY_FILES beyond 100,000
 * entries, which also ends the walk through a loop of links.
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
    // One of all that is aspired is kept.
    fingerprint: createHash("sha256").update(lines.join("\n")).digest("base64"),
    changedAtMs,
    sizeBytes,
    fileCount,
    isDirectory: root.isDirectory(),
    names,
    ...(unfinished !== undefined && { unfinished }),
  };
}

import { readdir, stat } from "node:fs";
import { mounts } from "./mounts.js";

/** The stats of a file or directory that the source needs, links followed. */
export interface FileStats {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly dev: number;
  isDirectory(): boolean;
}

/** The calls of a file system that the source makes. Rejections carry a `code` such as ENOENT. */
export interface FileSystem {
  stat(path: string): Promise<FileStats>;
  /** The names of a directory's entries, in any order. */
  list(path: string): Promise<string[]>;
  /**
   * The identity of the network file system that a path is on, by its device if that is known; undefined for a local
   * one, or if it is not known. Asks no file system that is mounted. Default: none is of the network.
   */
  networkOf?(path: string, device: number | undefined): string | undefined;
  /**
   * Returns whether the system reports all changes of a path's entries, by the type of its file system: that of a local
   * one. Default: it is not known to.
   */
  reportsChanges?(path: string, device: number | undefined): boolean;
}

/**
 * The file system of the process.
 *
 * Each call holds one thread of libuv's pool until the kernel answers. The callback forms cost a
 * third less than `node:fs/promises`, which counts for thousands of directories a second.
 */
export const nodeFileSystem: FileSystem = {
  stat: (path) =>
    new Promise((resolve, reject) =>
      stat(path, (error, stats) => (error ? reject(error) : resolve(stats))),
    ),
  list: (path) =>
    new Promise((resolve, reject) =>
      readdir(path, (error, names) => (error ? reject(error) : resolve(names))),
    ),
  networkOf: (path, device) => mounts().networkOf(path, device),
  reportsChanges: (path, device) => mounts().isLocal(path, device),
};

/** The system's code of an error (ENOENT, EACCES, …), or undefined. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

import { readdir, stat } from "node:fs";
import { storageGates } from "@serving-kit/core";
import { mounts } from "./mounts.js";

/** The stats of a file or directory that the source needs. Links are followed. */
export interface FileStats {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly dev: number;
  isDirectory(): boolean;
}

/** The file system calls that the source makes. They reject with errors that have a `code` such as ENOENT. */
export interface FileSystem {
  stat(path: string): Promise<FileStats>;
  /** The names of a directory's entries, in any order. */
  list(path: string): Promise<string[]>;
  /**
   * Returns the identity of the network file system of a path, from its device if known; undefined if the file system
   * is local or unknown. Makes no call to a mounted file system. Default: all are local.
   */
  networkOf?(path: string, device: number | undefined): string | undefined;
  /**
   * Returns whether the system reports all changes of the entries of a path: true for local file systems, by their
   * type. Default: false.
   */
  reportsChanges?(path: string, device: number | undefined): boolean;
}

/**
 * The file system of the process.
 *
 * Each call holds one thread of libuv's pool until the kernel returns. The callback API costs a third less than
 * `node:fs/promises`, which matters for thousands of directories per second.
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

/** Returns the file system with each call going through the storage gate of its path. */
export function gatedFileSystem(fileSystem: FileSystem): FileSystem {
  return {
    stat: (path) => storageGates.run(path, () => fileSystem.stat(path)),
    list: (path) => storageGates.run(path, () => fileSystem.list(path)),
    networkOf: (path, device) => fileSystem.networkOf?.(path, device),
    reportsChanges: (path, device) => fileSystem.reportsChanges?.(path, device) ?? false,
  };
}

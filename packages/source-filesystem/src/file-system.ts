import { readdir, stat } from "node:fs";

/** What the source needs to know of a file or directory, links followed. */
export interface FileStats {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly dev: number;
  isDirectory(): boolean;
}

/** The two questions that the source asks a file system. Rejections carry a `code` such as ENOENT. */
export interface FileSystem {
  stat(path: string): Promise<FileStats>;
  /** The names of a directory's entries, in any order. */
  list(path: string): Promise<string[]>;
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
};

/** The system's code of an error (ENOENT, EACCES, …), or undefined. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

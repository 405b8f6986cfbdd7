import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Returns the SHA-256 of each file of a folder, or of the file itself, by path. */
export async function readTree(path: string): Promise<ReadonlyMap<string, string>> {
  const isFolder = (await stat(path)).isDirectory();
  const entries = isFolder ? await readdir(path, { recursive: true, withFileTypes: true }) : [];
  const files = isFolder
    ? entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    : [path];
  const hashes = files.sort().map(async (file): Promise<[string, string]> => {
    return [
      file,
      createHash("sha256")
        .update(await readFile(file))
        .digest("hex"),
    ];
  });
  return new Map(await Promise.all(hashes));
}

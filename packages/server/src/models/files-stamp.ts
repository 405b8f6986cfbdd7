import { createHash } from "node:crypto";
import { join } from "node:path";
import { gatedFiles } from "@serving-kit/inference";

/** Maximum number of files that a stamp covers; the other files of a larger folder are ignored. */
const MAX_FILES = 10_000;

/** Returns a string that changes when a file of a version changes, based on file sizes and modification times. */
export async function filesStamp(path: string): Promise<string> {
  const hash = createHash("sha256");
  const root = await gatedFiles.stat(path);
  const entries = root.isDirectory() ? await gatedFiles.readdir(path, { recursive: true }) : [""];
  for (const name of entries.sort().slice(0, MAX_FILES)) {
    const { size, mtimeMs, ino } = await gatedFiles.stat(join(path, name));
    hash.update(`${JSON.stringify(name)} ${size} ${mtimeMs} ${ino}\n`);
  }
  return hash.digest("hex");
}

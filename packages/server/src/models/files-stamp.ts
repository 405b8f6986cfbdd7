import { createHash } from "node:crypto";
import { join } from "node:path";
import { gatedFiles } from "@serving-kit/inference";

/** The most files that a stamp covers; later files of a larger folder are left out. */
const MAX_FILES = 10_000;

/** Returns a string that changes when a file of a version does, by their sizes and times of change. */
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

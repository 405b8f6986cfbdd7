import { statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

/** Returns the path of a file of a version, relative to its folder, even if the version is a file. */
export function inVersion(version: string, file: string): string {
  if (isAbsolute(file)) return file;
  const isFile = statSync(version, { throwIfNoEntry: false })?.isFile() ?? false;
  return join(isFile ? dirname(version) : version, file);
}

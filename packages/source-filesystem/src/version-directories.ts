import { parseVersion, type Version } from "@serving-kit/core";

/**
 * Tells which entries of a base path are versions: the names that are a decimal int64, leading
 * zeros allowed. All other names (hidden, temporary, with a suffix or a sign, too great) are ignored.
 *
 * Each version has the names that stand for it, the shortest first: `7` before `007`. The order of
 * `names` does not matter.
 */
export function versionDirectories(
  names: Iterable<string>,
): ReadonlyMap<Version, readonly string[]> {
  const directories = new Map<Version, string[]>();
  for (const name of names) {
    const version = parseVersion(name);
    if (version === undefined) continue;
    const sameVersion = directories.get(version);
    if (sameVersion === undefined) directories.set(version, [name]);
    else sameVersion.push(name);
  }
  for (const sameVersion of directories.values()) {
    // Names of one number differ in leading zeros only, so the length orders them.
    if (sameVersion.length > 1) sameVersion.sort((a, b) => a.length - b.length);
  }
  return directories;
}

const MODEL_FILES: readonly string[] = ["model.tflite", "saved_model.pb", "saved_model.pbtxt"];

/** Tells whether the entries of a base path without version directories are a model themselves. */
export function isUnversionedModel(names: readonly string[]): boolean {
  return MODEL_FILES.some((file) => names.includes(file));
}

/** Tells whether a base path that is a file is a model by its name. */
export function isModelFile(path: string): boolean {
  return /\.(tflite|pb|pbtxt)$/i.test(path);
}

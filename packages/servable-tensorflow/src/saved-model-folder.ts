import { join } from "node:path";
import { gatedFiles } from "@serving-kit/inference";
import { errors } from "./errors.js";

/** The two forms of the file that makes a folder a SavedModel. */
export const SAVED_MODEL_FILES = ["saved_model.pb", "saved_model.pbtxt"] as const;

/** Maximum bytes of a message in protobuf, and of a string in JavaScript. */
const MAX_BYTES = 2 ** 31 - 1;
const MAX_TEXT_BYTES = 2 ** 29 - 25;

/** Returns whether a folder looks like a SavedModel: it has `saved_model.pb` or `saved_model.pbtxt`. */
export async function looksLikeSavedModel(path: string): Promise<boolean> {
  for (const file of SAVED_MODEL_FILES) {
    if ((await sizeOf(join(path, file))) !== undefined) return true;
  }
  return false;
}

/** Returns the existing file. Like TensorFlow, it prefers the binary one. */
export async function findFile(
  path: string,
): Promise<(typeof SAVED_MODEL_FILES)[number] | undefined> {
  for (const file of SAVED_MODEL_FILES) {
    const stats = await gatedFiles.stat(join(path, file)).catch(() => undefined);
    if (stats === undefined) continue;
    const limit = file === "saved_model.pb" ? MAX_BYTES : MAX_TEXT_BYTES;
    if (stats.size > limit) {
      throw errors.savedModelInvalid(
        path,
        `${file} has ${stats.size} bytes; at most ${limit} can be read`,
      );
    }
    return file;
  }
  return undefined;
}

/** Returns the bytes of a file; undefined if the file does not exist. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return gatedFiles.stat(path).then(
    (stats) => (stats.isFile() ? stats.size : undefined),
    () => undefined,
  );
}

import { basename, join } from "node:path";
import { gatedFiles } from "@serving-kit/inference";
import { errors } from "./errors.js";

const EXTENSION = ".tflite";
const DEFAULT_NAME = `model${EXTENSION}`;

/**
 * Finds the .tflite file of a version: the path itself, or `model.tflite` in the folder, or the folder's only
 * `*.tflite`.
 *
 * @throws ServingError NOT_FOUND / MODEL_FILE_MISSING with the files that were found.
 */
export async function findModel(path: string): Promise<string> {
  const stats = await gatedFiles.stat(path).catch((error) => {
    throw errors.modelFileMissing(path, "there is nothing", { cause: error });
  });
  if (stats.isFile()) {
    if (path.endsWith(EXTENSION)) return path;
    throw errors.modelFileMissing(path, `${basename(path)} does not end in ${EXTENSION}`);
  }
  const files = await modelFilesIn(path);
  if (files.includes(DEFAULT_NAME)) return join(path, DEFAULT_NAME);
  const [file, ...others] = files;
  if (file === undefined)
    throw errors.modelFileMissing(path, `the folder has no ${EXTENSION} file`);
  if (others.length > 0) {
    const problem = `the folder has ${files.length}: ${files.join(", ")}`;
    throw errors.modelFileMissing(path, problem, {
      remedy: `keep one, or name one ${DEFAULT_NAME}`,
    });
  }
  return join(path, file);
}

/** Returns whether the path is a .tflite file or a folder with one or more, even if `findModel` cannot choose. */
export async function hasModelFile(path: string): Promise<boolean> {
  const stats = await gatedFiles.stat(path).catch(() => undefined);
  if (stats === undefined) return false;
  return stats.isFile() ? path.endsWith(EXTENSION) : (await modelFilesIn(path)).length > 0;
}

async function modelFilesIn(folder: string): Promise<string[]> {
  const entries = await gatedFiles.readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.name.endsWith(EXTENSION) && !entry.isDirectory());
  return files.map(({ name }) => name).sort();
}

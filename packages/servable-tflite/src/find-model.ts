import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { errors } from "./errors.js";

const EXTENSION = ".tflite";

/**
 * The .tflite file of a version: the path itself, or in the folder `model.tflite`, or its only
 * `*.tflite`.
 *
 * @throws ServingError NOT_FOUND / MODEL_FILE_MISSING that says what is there.
 */
export async function findModel(path: string): Promise<string> {
  const stats = await stat(path).catch((error) => {
    throw errors.modelFileMissing(path, "there is nothing", error);
  });
  if (stats.isFile()) {
    if (path.endsWith(EXTENSION)) return path;
    throw errors.modelFileMissing(path, `${basename(path)} does not end in ${EXTENSION}`);
  }
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.name.endsWith(EXTENSION) && !entry.isDirectory())
    .map(({ name }) => name);
  const file = files.find((name) => name === `model${EXTENSION}`) ?? files[0];
  if (file === undefined)
    throw errors.modelFileMissing(path, `the folder has no ${EXTENSION} file`);
  if (files.length > 1 && file !== `model${EXTENSION}`) {
    throw errors.modelFileMissing(
      path,
      `the folder has ${files.length}: ${files.sort().join(", ")}`,
    );
  }
  return join(path, file);
}

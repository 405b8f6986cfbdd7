import { basename, join } from "node:path";
import { gatedFiles } from "@serving-kit/inference";
import { errors } from "./errors.js";

const EXTENSION = ".onnx";
const DEFAULT_NAME = `model${EXTENSION}`;

/**
 * Finds the .onnx file of a version: the path itself, or in the folder the file of option `file`, `model.onnx`, or the
 * only `*.onnx`.
 *
 * @throws ServingError NOT_FOUND / MODEL_FILE_MISSING with the files that were found.
 */
export async function findModel(path: string, chosen?: string): Promise<string> {
  const stats = await gatedFiles.stat(path).catch((cause) => {
    throw errors.modelFileMissing(path, "there is nothing", { cause });
  });
  if (stats.isFile()) {
    if (path.endsWith(EXTENSION)) return path;
    throw errors.modelFileMissing(path, `${basename(path)} does not end in ${EXTENSION}`);
  }
  const files = await modelFilesIn(path);
  const name = [chosen ?? DEFAULT_NAME].find((one) => files.includes(one));
  if (name !== undefined) return join(path, name);
  const [file, ...others] = files;
  if (file === undefined) {
    throw errors.modelFileMissing(path, `the folder has no ${EXTENSION} file`);
  }
  if (others.length === 0 && chosen === undefined) return join(path, file);
  const listed = `the folder has ${files.length}: ${files.join(", ")}`;
  const problem = chosen === undefined ? listed : `option file names "${chosen}", but ${listed}`;
  const remedy = `keep one, name one ${DEFAULT_NAME}, or name it in the option file`;
  throw errors.modelFileMissing(path, problem, { remedy });
}

/** Returns whether the path is an .onnx file or a folder with one or more, even if `findModel` cannot choose. */
export async function hasModelFile(path: string): Promise<boolean> {
  const stats = await gatedFiles.stat(path).catch(() => undefined);
  if (stats === undefined) return false;
  return stats.isFile() ? path.endsWith(EXTENSION) : (await modelFilesIn(path)).length > 0;
}

/** Returns the paths of all .onnx files of a version, regardless of which one is served. */
export async function modelFiles(path: string): Promise<readonly string[]> {
  const stats = await gatedFiles.stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return (await modelFilesIn(path)).map((name) => join(path, name));
  return [await findModel(path)];
}

async function modelFilesIn(folder: string): Promise<string[]> {
  const entries = await gatedFiles.readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.name.endsWith(EXTENSION) && !entry.isDirectory());
  return files.map(({ name }) => name).sort();
}

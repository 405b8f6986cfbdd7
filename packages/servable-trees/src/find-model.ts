import { basename, join } from "node:path";
import { gatedFiles } from "@serving-kit/inference";
import { errors } from "./errors.js";
import { type FileKind, fileKind } from "./file-kind.js";
import type { Library } from "./tree-model.js";

/** The files of each library, and their usual names. */
export const LIBRARIES: Readonly<Record<Library, LibraryFiles>> = {
  xgboost: {
    title: "XGBoost",
    files: "an XGBoost model (.ubj or .json), a folder with one",
    names: /\.(ubj|json|bst|xgb|model|bin)$/i,
    save: 'save it again with XGBoost: Booster.save_model("model.ubj")',
  },
  lightgbm: {
    title: "LightGBM",
    files: "a LightGBM model (text), a folder with one",
    names: /\.(txt|bst|lgb|lgbm|model)$/i,
    save: 'save it again with LightGBM: Booster.save_model("model.txt")',
  },
};

/** The files of a library. */
export interface LibraryFiles {
  readonly title: string;
  readonly files: string;
  /** Names of files that may be models; the content decides. */
  readonly names: RegExp;
  /** A hint on how to write a supported file. */
  readonly save: string;
}

/** Maximum number of files in a folder that are opened to detect their kind. */
const MAX_OPENED = 64;

/** A model file and its kind. */
export interface ModelFile {
  readonly path: string;
  readonly kind: FileKind;
}

/**
 * Finds the model file of a version: the path itself, or in a folder the file named `model` or after the library, or
 * the only one. The content decides, not the name.
 *
 * @throws ServingError NOT_FOUND / MODEL_FILE_MISSING that lists the existing files.
 */
export async function findModel(library: Library, path: string): Promise<ModelFile> {
  const { files: expected } = LIBRARIES[library];
  const stats = await gatedFiles.stat(path).catch((cause) => {
    throw errors.modelFileMissing(expected, path, "there is nothing", { cause });
  });
  if (stats.isFile()) {
    const kind = await fileKind(path);
    if (kind?.library === library) return { path, kind };
    throw errors.modelFileMissing(expected, path, `${basename(path)} is something else`);
  }
  const found = await modelFilesIn(library, path);
  const main = found.find((file) => isMainName(library, file)) ?? found[0];
  if (main === undefined) {
    throw errors.modelFileMissing(expected, path, "the folder has no such file");
  }
  const others = found.filter((file) => !isMainName(library, file));
  if (!isMainName(library, main) && others.length > 1) {
    const names = others.map((file) => basename(file.path)).join(", ");
    throw errors.modelFileMissing(expected, path, `the folder has ${others.length}: ${names}`, {
      remedy: `keep one, or name one model${library === "xgboost" ? ".ubj" : ".txt"}`,
    });
  }
  return main;
}

/** Returns whether a path is a model file of the library or a folder with at least one. */
export async function hasModelFile(library: Library, path: string): Promise<boolean> {
  const stats = await gatedFiles.stat(path).catch(() => undefined);
  if (stats === undefined) return false;
  if (stats.isFile()) return (await fileKind(path))?.library === library;
  return (await modelFilesIn(library, path)).length > 0;
}

const isMainName = (library: Library, { path }: ModelFile) =>
  new RegExp(`^(model|${library})\\.`, "i").test(basename(path));

/** Returns the models of a library in a folder, sorted by name. */
async function modelFilesIn(library: Library, folder: string): Promise<ModelFile[]> {
  const entries = await gatedFiles.readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => LIBRARIES[library].names.test(entry.name) && !entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .slice(0, MAX_OPENED);
  const found: ModelFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const kind = await fileKind(path);
    if (kind?.library === library) found.push({ path, kind });
  }
  return found;
}

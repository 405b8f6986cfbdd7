import { dirname, join } from "node:path";
import { COMPLETE, type Completeness, incomplete } from "@serving-kit/core";
import { explainMissingModel, gatedFiles } from "@serving-kit/inference";
import { errors } from "./errors.js";

/** The file name of a model's module if the configuration names none. */
export const MODULE_FILE = "model.py";

/** Returns whether a folder has a `model.py`. */
export async function hasModule(path: string): Promise<boolean> {
  return (await problemOf(join(path, MODULE_FILE))) === undefined;
}

/** Returns whether the module of a folder exists. */
export async function moduleCompleteness(path: string): Promise<Completeness> {
  const problem = await problemOf(join(path, MODULE_FILE));
  if (problem === undefined) return COMPLETE;
  const { problem: explained, remedy } = await explainMissingModel(
    path,
    `${MODULE_FILE}: ${problem}`,
  );
  return incomplete(explained, remedy ?? `copy ${MODULE_FILE} there`);
}

/** @throws ServingError NOT_FOUND / MODEL_FILE_MISSING. */
export async function checkModule(path: string): Promise<void> {
  const problem = await problemOf(path);
  if (problem !== undefined) throw errors.moduleMissing(path, problem);
}

/** Returns the paths that may list the requirements of a module: next to it, and in the version's folder. */
export const requirementsOf = (module: string, path: string): string[] =>
  [...new Set([dirname(module), path])].map((folder) => join(folder, "requirements.txt"));

async function problemOf(path: string): Promise<string | undefined> {
  try {
    const stats = await gatedFiles.stat(path);
    if (!stats.isFile()) return "it is not a file";
    return stats.size === 0 ? "it is empty" : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR"
      ? "there is none"
      : `it cannot be read (${code})`;
  }
}

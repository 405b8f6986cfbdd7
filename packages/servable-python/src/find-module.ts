import { dirname, join } from "node:path";
import { COMPLETE, type Completeness, incomplete } from "@serving-kit/core";
import { explainMissingModel, gatedFiles } from "@serving-kit/inference";
import { errors } from "./errors.js";

/** The module of a model that is found by its files. */
export const MODULE_FILE = "model.py";

/** Whether a folder has a `model.py`. */
export async function hasModule(path: string): Promise<boolean> {
  return (await problemOf(join(path, MODULE_FILE))) === undefined;
}

/** Whether the module of a folder is there. */
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

/** The files that may name what a module needs: next to it, and in the version's folder. */
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

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type MetaGraph, readSavedModel } from "./saved-model.js";
import { SAVED_MODEL_FILES } from "./saved-model-file.js";

/** `variables.data-00000-of-00002` */
const SHARD = /^variables\.data-(\d{5})-of-(\d{5})$/;

/** Tells whether a folder looks like a SavedModel: has `saved_model.pb` or `saved_model.pbtxt`. */
export async function looksLikeSavedModel(path: string): Promise<boolean> {
  for (const file of SAVED_MODEL_FILES) if (await isFile(join(path, file))) return true;
  return false;
}

/**
 * What a SavedModel lacks to be whole, as a sentence; undefined when nothing does.
 *
 * It is whole when its `saved_model.pb` could be read, the assets that it names are there, and a
 * `variables` folder, where there is one with files, has its index and every shard that the names
 * `variables.data-00000-of-0000N` speak of. A model without variables needs no such folder.
 */
export async function missingParts(
  path: string,
  graphs: readonly MetaGraph[],
): Promise<string | undefined> {
  for (const asset of new Set(graphs.flatMap(({ assets }) => assets))) {
    // A name that leaves the folder is for TensorFlow to refuse.
    if (asset.includes("..")) continue;
    if (!(await isFile(join(path, "assets", asset)))) return `the asset ${asset} is missing`;
  }
  return missingVariables(path);
}

/** Tells whether a SavedModel is whole: see `missingParts`. A corrupt one is not. */
export async function isSavedModelComplete(path: string): Promise<boolean> {
  try {
    return (await missingParts(path, await readSavedModel(path))) === undefined;
  } catch {
    return false;
  }
}

async function missingVariables(path: string): Promise<string | undefined> {
  const files = await readdir(join(path, "variables")).catch((): string[] => []);
  const shards = new Set<number>();
  let count = 0;
  for (const file of files) {
    const [, index, of] = SHARD.exec(file) ?? [];
    if (index === undefined) continue;
    shards.add(Number(index));
    count = Math.max(count, Number(of));
  }
  const hasIndex = files.includes("variables.index");
  if (!hasIndex && count === 0) {
    return files.length === 0 ? undefined : "variables/variables.index is missing";
  }
  if (!hasIndex) return "variables/variables.index is missing";
  if (count === 0) return "the shards of variables/variables.index are missing";
  for (let shard = 0; shard < count; shard++) {
    if (shards.has(shard)) continue;
    const [index, of] = [shard, count].map((number) => `${number}`.padStart(5, "0"));
    return `variables/variables.data-${index}-of-${of} is missing`;
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

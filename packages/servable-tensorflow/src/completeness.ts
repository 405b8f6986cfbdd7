import { join } from "node:path";
import {
  COMPLETE,
  type Completeness,
  incomplete,
  isServingError,
  messageOf,
} from "@serving-kit/core";
import { explainMissingModel } from "@serving-kit/inference";
import { type MetaGraph, readSavedModelToLoad } from "./saved-model.js";
import { SAVED_MODEL_FILES, sizeOf } from "./saved-model-folder.js";
import { readShardSizesToLoad, shardName, takeShardSizes } from "./variables/variables-index.js";

/**
 * Returns the missing part of a SavedModel, as a clause; undefined if it is complete.
 *
 * The SavedModel's own files determine what it needs: the assets that `saved_model.pb` names;
 * `variables/variables.index` if a graph has an op that restores variables; each shard in that index, with all bytes
 * that the index refers to. Other files are ignored.
 */
export async function missingParts(
  path: string,
  graphs: readonly MetaGraph[],
  shardSizes = takeShardSizes,
): Promise<string | undefined> {
  for (const asset of new Set(graphs.flatMap(({ assets }) => assets))) {
    // TensorFlow rejects a name that leaves the folder.
    if (asset.includes("..")) continue;
    if ((await sizeOf(join(path, "assets", asset))) === undefined) {
      return `the asset ${asset} is missing`;
    }
  }
  if (graphs.every(({ restoreOp }) => restoreOp === undefined)) return undefined;
  return missingVariables(join(path, "variables"), shardSizes);
}

/** Returns whether a SavedModel is complete: see `missingParts`. */
export async function savedModelCompleteness(path: string): Promise<Completeness> {
  let graphs: readonly MetaGraph[];
  try {
    graphs = await readSavedModelToLoad(path);
  } catch (error) {
    if (!isServingError(error)) throw error;
    if (error.reason === "SAVED_MODEL_MISSING") {
      return explainMissingModel(path, `${SAVED_MODEL_FILES.join(" or ")} is missing`);
    }
    return incomplete(`it is truncated or damaged: ${String(error.details.problem)}`);
  }
  const missing = await missingParts(path, graphs, readShardSizesToLoad);
  return missing === undefined ? COMPLETE : incomplete(missing);
}

async function missingVariables(
  folder: string,
  shardSizes: typeof takeShardSizes,
): Promise<string | undefined> {
  const index = join(folder, "variables.index");
  if ((await sizeOf(index)) === undefined) return "variables/variables.index is missing";
  let expected: readonly number[];
  try {
    expected = await shardSizes(index);
  } catch (error) {
    return `variables/variables.index cannot be read: ${messageOf(error)}`;
  }
  for (const [shard, bytes] of expected.entries()) {
    const name = shardName(shard, expected.length);
    const size = await sizeOf(join(folder, name));
    if (size === undefined) return `variables/${name} is missing`;
    if (size < bytes) return `variables/${name} has ${size} of ${bytes} bytes`;
  }
  return undefined;
}

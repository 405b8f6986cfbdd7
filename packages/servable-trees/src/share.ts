import { inferenceErrors, type SharedPredictor } from "@serving-kit/inference";
import type { Forest } from "./forest/forest.js";
import type { PlacedForest } from "./kernel/wasm-runner.js";
import type { TreeOptions } from "./options.js";
import type { TreeModel } from "./tree-model.js";

/** Represents a predictor in another thread: the model in shared memory, and the options of its calls. */
export interface SharedTrees extends SharedPredictor {
  readonly model: TreeModel;
  /** The trees in their memory. Absent for a linear model. */
  readonly placed?: PlacedForest | Forest | undefined;
  readonly options: TreeOptions;
}

/**
 * Returns the model that a token represents.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID if it is not a token of this platform, or its memory
 * was copied in transit.
 */
export function sharedTreesOf(platform: string, shared: SharedPredictor): SharedTrees {
  const { model, placed } = (shared ?? {}) as Partial<SharedTrees>;
  if (shared?.platform !== platform || model === undefined) {
    throw inferenceErrors.sharedPredictorInvalid("it is something else");
  }
  const forest = placed && "memory" in placed ? placed.forest : placed;
  const memory = forest?.nodes.buffer ?? model.linear?.weights.buffer;
  if (!(memory instanceof SharedArrayBuffer)) {
    throw inferenceErrors.sharedPredictorInvalid("its memory is not shared");
  }
  return shared as SharedTrees;
}

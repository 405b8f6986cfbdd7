import {
  type Loader,
  mapVersions,
  type ServableId,
  type SourceAdapter,
  unload,
  wrapLoader,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { batch } from "./batch.js";
import type { BatchingOptions } from "./batching-options.js";
import { checkOptionNames, slotsOf } from "./batching-options.js";
import { warmUpBatchSizes } from "./warm-up.js";

/**
 * Makes the adapter that batches every predictor it sees: the loaders that it gives load what the
 * loaders that it gets load, and put a batch queue in front (`batch`).
 *
 * All models and versions share slots, in turn, unless a function gives them
 * options of their own: it is called for each version, and undefined leaves that version unbatched. To
 * share slots between such options, pass the same `SharedSlots` as `slots` in each.
 *
 * ```ts
 * manager.connect(source.pipe(tensorflow(), batching({ maxBatchSize: 32 })));
 * ```
 *
 * Loading rejects with FAILED_PRECONDITION / NOT_BATCHABLE, INVALID_ARGUMENT /
 * BATCHING_OPTIONS_INVALID, WARM_UP_FAILED, or as the loader does.
 */
export function batching(
  options: BatchingOptions | ((id: ServableId) => BatchingOptions | undefined) = {},
): SourceAdapter<Loader<Predictor>, Loader<Predictor>> {
  if (typeof options === "function") {
    return mapVersions((loader, id) => {
      const own = options(id);
      return own === undefined ? loader : batchingLoader(loader, own);
    });
  }
  checkOptionNames(options);
  const { clock: _, ...rest } = options;
  const shared = { ...rest, slots: slotsOf(options) };
  return mapVersions((loader) => batchingLoader(loader, shared));
}

/**
 * Makes a loader of batched predictors of a loader of predictors: it loads what that one loads, and
 * puts a batch queue in front (`batch`). A function is asked whenever a version is loaded, before
 * its model is; where it gives undefined the predictor stays as it is.
 *
 * Loading rejects as `batching` says, or as the function does.
 */
export function batchingLoader(
  loader: Loader<Predictor>,
  options: BatchingOptions | (() => Promise<BatchingOptions | undefined>),
): Loader<Predictor> {
  return wrapLoader(loader, async (context) => {
    const own = typeof options === "function" ? await options() : options;
    const predictor = await loader.load(context);
    if (own === undefined) return predictor;
    let loaded = predictor;
    try {
      loaded = batch(predictor, own);
      if (own.enableAllBatchSizesWarmup && predictor.batchable) {
        await warmUpBatchSizes(predictor, own, context);
      }
      return loaded;
    } catch (error) {
      await unload(loaded);
      throw error;
    }
  });
}

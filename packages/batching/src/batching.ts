import {
  type LoadContext,
  type Loader,
  mapVersions,
  type ServableId,
  type SourceAdapter,
  silentLogger,
  unload,
  wrapLoader,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { batch } from "./batch.js";
import type { BatchingOptions } from "./batching-options.js";
import { checkOptionNames, slotsOf } from "./batching-options.js";
import { findDependence, provenOptions, proveRows } from "./prove-rows.js";
import { warmUpBatchSizes } from "./warm-up.js";

/**
 * Makes the adapter that batches every predictor it sees: the loaders that it gives load what the
 * loaders that it gets load, and put a batch queue in front (`batch`).
 *
 * All models and versions share slots, in turn, unless a function gives them
 * options of their own: it is called for each version, and undefined leaves that version unbatched.
 * `"auto"` is `{ proof: "required" }`: what is proven to have independent rows is batched. To
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
  options: "auto" | BatchingOptions | ((id: ServableId) => BatchingOptions | undefined) = {},
): SourceAdapter<Loader<Predictor>, Loader<Predictor>> {
  if (typeof options === "function") {
    return mapVersions((loader, id) => {
      const own = options(id);
      return own === undefined ? loader : batchingLoader(loader, own);
    });
  }
  const given = resolved(options);
  checkOptionNames(given);
  const { clock: _, ...rest } = given;
  const shared = { ...rest, slots: slotsOf(given) };
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
    const given = typeof options === "function" ? await options() : options;
    const predictor = await loader.load(context);
    if (given === undefined || isUnexamined(predictor, given)) return predictor;
    let loaded = predictor;
    try {
      const own = await proven(predictor, given, context);
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

/** `"auto"` as options. */
export const resolved = (options: "auto" | BatchingOptions): BatchingOptions =>
  options === "auto" ? { proof: "required" } : options;

/** Whether proofs are required of a predictor whose structure is not examined: it is not batched. */
const isUnexamined = (predictor: Predictor, { proof }: BatchingOptions): boolean =>
  proof === "required" && predictor.rowsAreIndependent === undefined;

/** The options for a predictor as far as its rows are proven to be independent, if that is required. */
async function proven(
  predictor: Predictor,
  options: BatchingOptions,
  { id, logger = silentLogger, signal, clock }: LoadContext,
): Promise<BatchingOptions> {
  const { proof = "warn" } = options;
  const model = `model ${id.name} version ${id.version}`;
  const fields = (signature: string, verdict: string) => ({
    ...{ model: id.name, version: String(id.version), signature, verdict },
  });
  if (proof === "required") {
    const proofs = await proveRows(predictor, { signal, clock });
    for (const [name, { verdict, reason, maxRows }] of proofs) {
      const batched =
        verdict === "independent" ? `batched, at most ${maxRows} rows` : `not batched (${verdict})`;
      logger.info(fields(name, verdict), `${model}: calls of ${name} are ${batched}: ${reason}`);
    }
    return provenOptions(options, proofs);
  }
  if (proof === "none") return options;
  for (const [name, { verdict, reason }] of await findDependence(predictor, { signal, clock })) {
    logger.warn(
      fields(name, verdict),
      `${model}: rows of this model influence one another (signature ${name}): ${reason}. ` +
        "Its answers depend on the calls that they are batched with: do not batch it",
    );
  }
  return options;
}

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
 * Makes an adapter that batches predictors: its loaders load what the original loaders load, and put a batch queue in
 * front (`batch`).
 *
 * All models and versions share slots, in turn, unless a function provides the options. The function is called for each
 * version; if it returns undefined, that version is not batched. `"auto"` means `{ proof: "required" }`: signatures
 * whose rows are proven independent are batched. To share slots between such options, pass the same `SharedSlots` as
 * `slots` in each.
 *
 * ```ts
 * manager.connect(source.pipe(tensorflow(), batching({ maxBatchSize: 32 })));
 * ```
 *
 * Loading rejects with FAILED_PRECONDITION / NOT_BATCHABLE, INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID,
 * WARM_UP_FAILED, or as the original loader does.
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
 * Makes a loader of batched predictors from a loader of predictors: it loads what the original loads, and puts a batch
 * queue in front (`batch`). A function is called for each load, before the model is loaded; if it returns undefined,
 * the predictor is not batched.
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

/** Returns the options that `"auto"` means. */
export const resolved = (options: "auto" | BatchingOptions): BatchingOptions =>
  options === "auto" ? { proof: "required" } : options;

/** Returns whether proofs are required but the predictor's structure is not examined; then it is not batched. */
const isUnexamined = (predictor: Predictor, { proof }: BatchingOptions): boolean =>
  proof === "required" && predictor.rowsAreIndependent === undefined;

/** Returns the options for a predictor, restricted to the rows that are proven independent if that is required. */
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

import { join } from "node:path";
import {
  type BatchingOptions,
  type BatchSlots,
  batchingLoader,
  isBatched,
  type StartedBatch,
  slotsOf,
} from "@serving-kit/batching";
import {
  type Clock,
  type Loader,
  type Logger,
  type ServableId,
  withoutUndefined,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { readBatchingParametersFile } from "../config/batching-parameters-file.js";

/** The options of a model server that control batching. */
export interface ModelBatchingOptions {
  /**
   * Batching of the models. `"auto"`, the default, batches the signatures whose rows are proven to be independent (see
   * `proveRows`), and logs the verdicts. Otherwise options, a function that returns the options of a version
   * (undefined: not batched), `true` for the defaults of `batch`, or false.
   *
   * All models share the slots that the options describe. Options that a function returns do so too, unless they have
   * `slots` or a `clock`. `onBatchStart` receives only the batches of the main thread. A predictor that is not
   * `batchable` is served unbatched, unless the options say `unbatchable: "refuse"`.
   */
  readonly batching?:
    | boolean
    | "auto"
    | BatchingOptions
    | ((id: ServableId) => BatchingOptions | undefined)
    | undefined;
  /**
   * True if each version is batched as the file `batching_params.pbtxt` in its directory says, and not batched without
   * that file, as in TF Serving. Then only the slots of `batching` count, and `num_batch_threads` of the files is
   * ignored. Default false.
   */
  readonly perModelBatchingParameters?: boolean | undefined;
}

const AUTO: BatchingOptions = { proof: "required" };

/** The name of the file with the batching parameters of one version, in its directory. */
const FILE_NAME = "batching_params.pbtxt";

/**
 * Returns a function that adds batching to the loader of the version `id` at `path`. The model's own options (`own`,
 * read when a version is loaded) take precedence over the server's. `count` is called for each batch that starts.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID as `slotsOf` does.
 */
export function modelBatching(
  { batching = "auto", perModelBatchingParameters = false }: ModelBatchingOptions,
  own: (name: string) => boolean | "auto" | BatchingOptions | undefined,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  count?: (batch: StartedBatch) => void,
): (loader: Loader<Predictor>, path: string, id: ServableId) => Loader<Predictor> {
  const ofServer: BatchingOptions = typeof batching === "object" ? batching : {};
  const shared = withoutUndefined(ofServer);
  const slots = slotsOf(typeof shared.slots === "object" ? shared : { clock, ...shared });

  async function optionsOf(path: string, id: ServableId): Promise<BatchingOptions | undefined> {
    const ofModel = own(id.name);
    if (ofModel === "auto") return AUTO;
    if (ofModel !== undefined) return ofModel === true ? {} : ofModel || undefined;
    if (perModelBatchingParameters) return readOwnFile(path, logger);
    if (typeof batching === "function") return batching(id);
    if (batching === "auto") return AUTO;
    if (batching === false) return undefined;
    const { slots: _slots, clock: _clock, ...rest } = shared;
    return rest;
  }

  return (loader, path, id) =>
    batchingLoader(loader, async () => {
      const given = await optionsOf(path, id);
      return given && withDefaults(withoutUndefined(given), slots, count);
    });
}

/** Returns the options of a model with the server's defaults, its slots, and its count of batches. */
function withDefaults(
  options: BatchingOptions,
  slots: BatchSlots,
  count: ((batch: StartedBatch) => void) | undefined,
): BatchingOptions {
  const hasSlots = (["slots", "clock"] as const).some((key) => options[key]);
  const { onBatchStart } = options;
  const countAndTell = (batch: StartedBatch) => {
    count?.(batch);
    onBatchStart?.(batch);
  };
  return {
    unbatchable: "pass-through",
    rerunFailedBatches: true,
    ...(!hasSlots && { slots }),
    ...options,
    ...(count && { onBatchStart: onBatchStart ? countAndTell : count }),
  };
}

/** Logs that batching has no effect on a predictor. */
export function logUnbatched(
  predictor: Predictor,
  { name, version }: ServableId,
  logger: Logger,
): void {
  if (predictor.respond === undefined || !isBatched(predictor)) return;
  if (predictor.options.proof === "required") return;
  logger.warn(
    { model: name, version: String(version) },
    `model ${name} version ${version}: not batched: it answers bodies and has no signatures. Batching needs ` +
      "predict(inputs) and signatures with batchable",
  );
}

/** Returns the options of a version's own file, or undefined if there is no such file. */
async function readOwnFile(path: string, logger: Logger): Promise<BatchingOptions | undefined> {
  try {
    const { options } = await readBatchingParametersFile(join(path, FILE_NAME), logger);
    const { slots: _slots, ...rest } = options;
    return rest;
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code === "ENOENT") return undefined;
    throw error;
  }
}

import type { Clock } from "@serving-kit/core";
import type { DType } from "@serving-kit/inference";
import type { AdaptiveBatchScheduler } from "./adaptive-batch-scheduler.js";
import type { BatchQueueOptions } from "./batch-queue-options.js";
import { errors } from "./errors.js";
import { SharedBatchScheduler } from "./shared-batch-scheduler.js";
import { checkPadding, type VariableLengthPadding } from "./variable-length-padding.js";

/**
 * How the calls of one signature are batched. Sizes are rows: what dimension 0 of the inputs counts.
 * Names and defaults are those of TF Serving's `BatchingParameters`.
 */
export interface SignatureBatchingOptions extends Omit<BatchQueueOptions, "splitting" | "joins"> {
  /** Whether a call may have more rows than a batch and is then cut. Default false. */
  readonly enableLargeBatchSplitting?: boolean;
  /** The most rows of a batch where large calls are cut. Default `maxBatchSize`. */
  readonly maxExecutionBatchSize?: number;
  /**
   * Pads inputs that differ in dimensions that the signature leaves open to one shape: `true` for all
   * inputs as TF Serving does, or the inputs by name. Default false: calls of different shapes run in
   * different batches. Outputs keep the padded lengths that the model gave them.
   */
  readonly padVariableLengthInputs?: boolean | Readonly<Record<string, VariableLengthPadding>>;
  /**
   * Whether the calls of a batch that failed are run again, each alone and once, so that one bad call
   * fails alone. Default false.
   */
  readonly rerunFailedBatches?: boolean;
}

/** How a predictor is batched. */
export interface BatchingOptions extends SignatureBatchingOptions {
  /** What differs for signatures, by name. */
  readonly signatures?: Readonly<Record<string, SignatureBatchingOptions>>;
  /**
   * What becomes of a predictor that is not `batchable`: `"refuse"`, the default, throws NOT_BATCHABLE;
   * `"pass-through"` leaves its calls as they are.
   */
  readonly unbatchable?: "refuse" | "pass-through";
  /**
   * Whether each signature is called once with zeros for each of its `allowedBatchSizes` when a version
   * is loaded, before it is available: TF Serving's `enable_all_batch_sizes_warmup`. It moves a model
   * that has a state. For loaders (`batching`, `batchingLoader`) only. Default false.
   */
  readonly enableAllBatchSizesWarmup?: boolean;
  /** How many batches run at a time. Default `os.availableParallelism()`. Not with `scheduler`. */
  readonly slots?: number;
  /** Whose slots are used, to share them with other predictors. Default one of its own. */
  readonly scheduler?: SharedBatchScheduler | AdaptiveBatchScheduler;
  /** Default `systemClock`. Not with `scheduler`. */
  readonly clock?: Clock;
}

const NAMES: Readonly<Record<keyof BatchingOptions, true>> = {
  maxBatchSize: true,
  batchTimeoutMs: true,
  timing: true,
  maxEnqueuedBatches: true,
  allowedBatchSizes: true,
  paddingPolicy: true,
  priorityLevels: true,
  expiredError: true,
  onEvent: true,
  onBatchStart: true,
  enableLargeBatchSplitting: true,
  maxExecutionBatchSize: true,
  padVariableLengthInputs: true,
  rerunFailedBatches: true,
  signatures: true,
  unbatchable: true,
  enableAllBatchSizesWarmup: true,
  slots: true,
  scheduler: true,
  clock: true,
};

/**
 * Refuses options that do not exist, which JavaScript would pass over in silence.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID with the name and those that exist.
 */
export function checkOptionNames(options: BatchingOptions): void {
  for (const given of [options, ...Object.values(options.signatures ?? {})]) {
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(NAMES, name));
    if (unknown === undefined) continue;
    const known = Object.keys(NAMES).join(", ");
    throw errors.invalidOptions(`there is no option "${unknown}"; expected one of ${known}`);
  }
}

/**
 * The scheduler that options name, or a new one with their `slots` and `clock`.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID where they name a scheduler and
 * describe one as well.
 */
export function schedulerOf({
  scheduler,
  slots,
  clock,
}: BatchingOptions): SharedBatchScheduler | AdaptiveBatchScheduler {
  if (scheduler === undefined) {
    return new SharedBatchScheduler({
      ...(slots !== undefined && { slots }),
      ...(clock !== undefined && { clock }),
    });
  }
  if (slots !== undefined || clock !== undefined) {
    throw errors.invalidOptions("slots and clock are the scheduler's; give them to it");
  }
  return scheduler;
}

/** The options that are in force for one signature. */
export function signatureOptions(
  options: BatchingOptions,
  signature: string,
): SignatureBatchingOptions {
  const { signatures = {} } = options;
  const own = Object.hasOwn(signatures, signature) ? signatures[signature] : {};
  return { ...options, ...own };
}

/** How one input is padded, or undefined where it is not. */
export function paddingOf(
  { padVariableLengthInputs = false }: SignatureBatchingOptions,
  input: string,
  dtype: DType | undefined,
): VariableLengthPadding | undefined {
  if (typeof padVariableLengthInputs === "boolean") return padVariableLengthInputs ? {} : undefined;
  if (!Object.hasOwn(padVariableLengthInputs, input)) return undefined;
  const padding = padVariableLengthInputs[input] as VariableLengthPadding;
  checkPadding(input, dtype, padding);
  return padding;
}

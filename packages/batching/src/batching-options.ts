import { type Clock, withoutUndefined } from "@serving-kit/core";
import type { DType, RowVerdict } from "@serving-kit/inference";
import type { AdaptiveSlots } from "./adaptive-slots.js";
import { BATCH_QUEUE_OPTIONS, type BatchQueueOptions } from "./batch-queue-options.js";
import { errors } from "./errors.js";
import { SharedSlots } from "./shared-slots.js";
import { checkPadding, type VariableLengthPadding } from "./variable-length-padding.js";

/**
 * Options for batching the calls of one signature. Sizes are rows: the extent of dimension 0 of the inputs. Names and
 * defaults are those of TF Serving's `BatchingParameters`.
 */
export interface SignatureBatchingOptions extends Omit<BatchQueueOptions, "splitting" | "joins"> {
  /** True if a call may have more rows than a batch; such a call is split. Default false. */
  readonly enableLargeBatchSplitting?: boolean | undefined;
  /** Maximum rows of a batch if large calls are split. Default `maxBatchSize`. */
  readonly maxExecutionBatchSize?: number | undefined;
  /**
   * Pads inputs that differ in dimensions that the signature leaves open to one shape: `true` for all inputs as in TF
   * Serving, or the inputs by name. Default false: calls of different shapes run in different batches. Outputs keep the
   * padded lengths that the model returned.
   */
  readonly padVariableLengthInputs?:
    | boolean
    | Readonly<Record<string, VariableLengthPadding>>
    | undefined;
  /**
   * True if a failed batch of several calls is rerun by halves, once, so that one bad call fails alone. There are at
   * most 2 log2(n) further runs for n calls. Calls that are not settled by then get UNAVAILABLE / BATCH_UNSETTLED. No
   * rerun for UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED and RESOURCE_EXHAUSTED, nor if the predictor's `state` is
   * `"keep"`. Default false; in a model server true.
   */
  readonly rerunFailedBatches?: boolean | undefined;
  /**
   * Treatment of a call with more rows than `maxBatchSize`: `"refuse"`, the default, rejects it with TASK_TOO_LARGE, as
   * TF Serving does; `"run-alone"` passes it to the predictor unbatched.
   */
  readonly largeCalls?: "refuse" | "run-alone" | undefined;
}

/** Slots that several predictors share. */
export type BatchSlots = SharedSlots | AdaptiveSlots;

/** Options for batching one predictor. */
export interface BatchingOptions extends SignatureBatchingOptions {
  /** Options that override those above for some signatures, by name; false disables batching of a signature. */
  readonly signatures?: Readonly<Record<string, SignatureBatchingOptions | false>> | undefined;
  /**
   * The proof that is required before a model's calls are joined. `"required"` joins only the calls of signatures whose
   * rows are proven independent (see `proveRows`), in batches of at most as many rows as were probed, and does not
   * batch the others. `"warn"`, the default, logs a warning if a probe finds that rows influence one another. `"none"`
   * does not probe. For loaders (`batching`, `batchingLoader`) only.
   */
  readonly proof?: "required" | "warn" | "none" | undefined;
  /** The verdicts on the rows of signatures, by name, for metrics and status. Set by `proof: "required"`. */
  readonly rowVerdicts?: Readonly<Record<string, RowVerdict>> | undefined;
  /**
   * Treatment of a predictor that is not `batchable`: `"refuse"`, the default, throws NOT_BATCHABLE; `"pass-through"`
   * does not batch its calls.
   */
  readonly unbatchable?: "refuse" | "pass-through" | undefined;
  /**
   * If true, calls each signature once with zeros for each of its `allowedBatchSizes` when a version is loaded, before
   * the version is available: TF Serving's `enable_all_batch_sizes_warmup`. These calls change the state of a model
   * that has one. For loaders (`batching`, `batchingLoader`) only. Default false.
   */
  readonly enableAllBatchSizesWarmup?: boolean | undefined;
  /**
   * Maximum number of batches that run at a time, or slots to share with other predictors. Default
   * `os.availableParallelism()`.
   */
  readonly slots?: number | BatchSlots | undefined;
  /** Default `systemClock`. Must be absent if `slots` are shared, because they have a clock. */
  readonly clock?: Clock | undefined;
}

/** The options that `BatchQueueOptions` does not have. */
const OWN_NAMES: Readonly<Record<Exclude<keyof BatchingOptions, keyof BatchQueueOptions>, true>> = {
  enableLargeBatchSplitting: true,
  maxExecutionBatchSize: true,
  padVariableLengthInputs: true,
  rerunFailedBatches: true,
  largeCalls: true,
  signatures: true,
  proof: true,
  rowVerdicts: true,
  unbatchable: true,
  enableAllBatchSizesWarmup: true,
  slots: true,
  clock: true,
};

const NAMES: ReadonlySet<string> = new Set(
  [...BATCH_QUEUE_OPTIONS, ...Object.keys(OWN_NAMES)].filter(
    (name) => name !== "splitting" && name !== "joins",
  ),
);

/**
 * Rejects unknown options, which JavaScript would silently ignore.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID with the unknown name and the valid ones.
 */
export function checkOptionNames(options: BatchingOptions): void {
  for (const given of [options, ...Object.values(options.signatures ?? {})]) {
    if (given === false) continue;
    const unknown = Object.keys(given).find((name) => !NAMES.has(name));
    if (unknown === undefined) continue;
    const known = [...NAMES].join(", ");
    throw errors.invalidOptions(`there is no option "${unknown}"; expected one of ${known}`);
  }
}

/**
 * Returns the options' shared slots, or new slots with the number and clock of the options.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID if the options have shared slots and
 * a clock; RangeError for a number of slots below 1.
 */
export function slotsOf({ slots, clock }: BatchingOptions): BatchSlots {
  if (typeof slots !== "object") {
    return new SharedSlots({
      ...(slots !== undefined && { slots }),
      ...(clock !== undefined && { clock }),
    });
  }
  if (clock !== undefined) {
    throw errors.invalidOptions("clock must be set on the given slots, not in the options");
  }
  return slots;
}

/** Returns the current options of one signature. */
export function signatureOptions(
  options: BatchingOptions,
  signature: string,
): SignatureBatchingOptions {
  const { signatures = {} } = options;
  const own = Object.hasOwn(signatures, signature) ? signatures[signature] : {};
  return { ...options, ...withoutUndefined(own || {}) };
}

/** Returns the padding of one input; undefined if it is not padded. */
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

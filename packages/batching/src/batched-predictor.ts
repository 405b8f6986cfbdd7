import type { PredictOptions, Predictor, RowVerdict, Tensors } from "@serving-kit/inference";
import type { BatchQueueStats } from "./batch-queue-stats.js";
import type { BatchingOptions, SignatureBatchingOptions } from "./batching-options.js";

/** Options for one call of a batched predictor. */
export interface BatchedPredictOptions extends PredictOptions {
  /** See `ScheduleOptions.priority`. */
  readonly priority?: number | undefined;
}

/** The stats of one queue of a batched predictor. */
export interface CallQueueStats extends BatchQueueStats {
  readonly signature: string;
  /** The inputs that the calls pass. */
  readonly inputs: readonly string[];
  /** The outputs that the calls request. */
  readonly outputs: readonly string[];
  /** Reruns of parts of failed batches: see `rerunFailedBatches`. */
  readonly reruns: number;
}

/** A predictor whose calls are batched: see `batch`. */
export interface BatchedPredictor extends Predictor {
  /** The predictor that runs the batches. */
  readonly predictor: Predictor;
  /** The current options: the initial ones, and the changes since. */
  readonly options: BatchingOptions;
  /** The verdicts on the rows of signatures, by name, if `proof` was `"required"`. */
  readonly rowVerdicts: Readonly<Record<string, RowVerdict>>;
  predict(inputs: Tensors, options?: BatchedPredictOptions): Promise<Tensors>;
  [Symbol.asyncDispose](): Promise<void>;
  /** Returns the counts and the content of each queue. Queues for parts of a signature come and go. */
  stats(): CallQueueStats[];
  /**
   * Changes options from now on, for all signatures or for one; options that are not named stay. Waiting calls keep
   * their place.
   *
   * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID; INVALID_ARGUMENT /
   * SIGNATURE_NOT_FOUND.
   */
  configure(changes: Omit<SignatureBatchingOptions, "priorityLevels">, signature?: string): void;
}

/** Marks the predictors of `batch`, across all copies of this package. */
export const BATCHED: unique symbol = Symbol.for("@serving-kit/batching:batched");

/** Returns whether a predictor was made by `batch`. */
export function isBatched(predictor: Predictor): predictor is BatchedPredictor {
  return BATCHED in predictor;
}

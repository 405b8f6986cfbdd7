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
  /** The inputs that the calls give. */
  readonly inputs: readonly string[];
  /** The outputs that they ask for. */
  readonly outputs: readonly string[];
  /** Runs of parts of batches that failed: see `rerunFailedBatches`. */
  readonly reruns: number;
}

/** A predictor whose calls are batched: see `batch`. */
export interface BatchedPredictor extends Predictor {
  /** The predictor that runs the batches. */
  readonly predictor: Predictor;
  /** The options that are in force: those it was made with, and the changes since. */
  readonly options: BatchingOptions;
  /** The verdicts on the rows of signatures, by name, if `proof` was `"required"`. */
  readonly rowVerdicts: Readonly<Record<string, RowVerdict>>;
  predict(inputs: Tensors, options?: BatchedPredictOptions): Promise<Tensors>;
  [Symbol.asyncDispose](): Promise<void>;
  /** The counts and the content of each queue. Queues for parts of a signature come and go. */
  stats(): CallQueueStats[];
  /**
   * Changes options from now on, for all signatures or for one; those that are not named stay.
   * Calls that wait keep their place.
   *
   * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID; INVALID_ARGUMENT /
   * SIGNATURE_NOT_FOUND.
   */
  configure(changes: Omit<SignatureBatchingOptions, "priorityLevels">, signature?: string): void;
}

/** Marks the predictors of `batch`, of every copy of this package. */
export const BATCHED: unique symbol = Symbol.for("@serving-kit/batching:batched");

/** Returns whether a predictor is one of `batch`. */
export function isBatched(predictor: Predictor): predictor is BatchedPredictor {
  return BATCHED in predictor;
}

import type { BatchQueueOptions, ResolvedBatchQueueOptions } from "./batch-queue-options.js";
import type { BatchScheduler } from "./batch-scheduler.js";

/** A BatchScheduler whose options can change, as `addQueue` of SharedSlots or AdaptiveSlots makes it. */
export interface BatchQueue<T, R> extends BatchScheduler<T, R> {
  /** The options in force, defaults filled in. */
  readonly options: ResolvedBatchQueueOptions<T, R>;
  /**
   * Changes options from now on; those that are not named stay. Tasks that wait keep their place, also
   * where the queue or the batches became smaller.
   *
   * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID, and then changes nothing.
   */
  configure(changes: Omit<BatchQueueOptions<T, R>, "priorityLevels">): void;
}

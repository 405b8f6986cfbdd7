import type { BatchQueueOptions, ResolvedBatchQueueOptions } from "./batch-queue-options.js";
import type { BatchFunction, BatchScheduler } from "./batch-scheduler.js";
import { SharedSlots, type SharedSlotsOptions } from "./shared-slots.js";

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
  /**
   * Takes a slot for a task that the caller runs itself, immediately and unqueued, as a batch of one. Undefined if it must
   * be scheduled: a task waits or runs, no slot is free, the task needs padding, timing is not `"idle-first"`, or tasks
   * came several at a time lately, so that others would join it. The first task of a queue is always scheduled.
   */
  startAlone(task: T, size: number): AloneTask | undefined;
}

/** A task that runs alone. */
export interface AloneTask {
  /** Frees the slot, and counts the outcome of the task. To be called once. */
  end(outcome: "succeeded" | "failed" | "aborted" | "expired", error?: unknown): void;
}

/** Options of `createBatchQueue`. */
export interface CreateBatchQueueOptions<T, R>
  extends BatchQueueOptions<T, R>,
    SharedSlotsOptions {}

/**
 * Makes a queue with slots of its own, for callers with only one kind of task.
 *
 * ```ts
 * await using queue = createBatchQueue(
 *   (texts: readonly string[]) => embed(texts),
 *   { maxBatchSize: 32 },
 * );
 * const embedding = await queue.schedule("a string");
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID; RangeError for `slots`.
 */
export function createBatchQueue<T, R>(
  run: BatchFunction<T, R>,
  options: CreateBatchQueueOptions<T, R> = {},
): BatchQueue<T, R> {
  return new SharedSlots(options).addQueue(run, options);
}

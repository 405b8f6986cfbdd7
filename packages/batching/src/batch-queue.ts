import type { AloneOutcome } from "./alone-run.js";
import type { BatchQueueOptions, ResolvedBatchQueueOptions } from "./batch-queue-options.js";
import type { BatchFunction, BatchScheduler } from "./batch-scheduler.js";
import { SharedSlots, type SharedSlotsOptions } from "./shared-slots.js";

/** A BatchScheduler whose options can change: the result of `addQueue` of SharedSlots or AdaptiveSlots. */
export interface BatchQueue<T, R> extends BatchScheduler<T, R> {
  /** The current options, with all defaults filled in. */
  readonly options: ResolvedBatchQueueOptions<T, R>;
  /**
   * Changes options from now on; options that are not named stay. Waiting tasks keep their place, even if the queue or
   * the batches become smaller.
   *
   * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID, and then changes nothing.
   */
  configure(changes: Omit<BatchQueueOptions<T, R>, "priorityLevels">): void;
  /**
   * Acquires a slot for a task of this size that the caller runs itself, immediately, as a batch of one. Returns
   * undefined if the task must be scheduled: another task waits or runs, no slot is free, the task needs padding,
   * timing is not `"idle-first"`, or several tasks arrived together lately, so that others would join it. The first
   * task of a queue is always scheduled.
   */
  startAlone(size: number): AloneTask | undefined;
}

/** A task that runs alone. Valid until it ends: the queue reuses the object. */
export interface AloneTask {
  /** Releases the slot, and counts the outcome of the task. Call it once. */
  end(outcome: AloneOutcome, error?: unknown): void;
}

/** Options of `createBatchQueue`. */
export interface CreateBatchQueueOptions<T, R>
  extends BatchQueueOptions<T, R>,
    SharedSlotsOptions {}

/**
 * Makes a queue with its own slots, for callers with only one kind of task.
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

import type { BatchQueue } from "./batch-queue.js";
import type { BatchQueueOptions } from "./batch-queue-options.js";
import type { BatchFunction } from "./batch-scheduler.js";
import {
  SharedBatchScheduler,
  type SharedBatchSchedulerOptions,
} from "./shared-batch-scheduler.js";

/** The options of a scheduler with one queue. */
export interface BasicBatchSchedulerOptions<T, R>
  extends BatchQueueOptions<T, R>,
    SharedBatchSchedulerOptions {}

/**
 * Makes a scheduler with one queue and slots of its own: a SharedBatchScheduler for those who have
 * only one kind of task.
 *
 * ```ts
 * await using scheduler = createBasicBatchScheduler(
 *   (texts: readonly string[]) => embed(texts),
 *   { maxBatchSize: 32 },
 * );
 * const embedding = await scheduler.schedule("a text");
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID; RangeError for `slots`.
 */
export function createBasicBatchScheduler<T, R>(
  run: BatchFunction<T, R>,
  options: BasicBatchSchedulerOptions<T, R> = {},
): BatchQueue<T, R> {
  return new SharedBatchScheduler(options).addQueue(run, options);
}

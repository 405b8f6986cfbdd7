import type { BatchQueue } from "./batch-queue.js";
import type { BatchQueueOptions } from "./batch-queue-options.js";
import type { BatchFunction } from "./batch-scheduler.js";
import { SharedSlots, type SharedSlotsOptions } from "./shared-slots.js";

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
 * const embedding = await queue.schedule("a text");
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

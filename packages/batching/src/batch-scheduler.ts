import type { BatchQueueStats } from "./batch-queue-stats.js";

/**
 * Collects tasks and runs them together: many small calls become a few large ones.
 *
 * A task is anything with a size. Only the batch function knows the type of a task, how to join tasks and the type of a
 * result. A scheduler is one queue: only its own tasks meet in a batch.
 *
 * A scheduler guarantees:
 * - B1 Every task settles exactly once: with its result or with one error.
 * - B2 The sizes of the tasks of a batch sum to at most `maxExecutionBatchSize` (which is `maxBatchSize` unless large
 *   tasks are split), and no batch is empty.
 * - B3 Within a priority level, tasks are batched first in, first out: a batch lists its tasks in order of arrival, and
 *   a task is never in a later batch than a task that arrived after it.
 * - B4 A batch starts when a slot is free and either the batch is full or its oldest task has waited `batchTimeoutMs`.
 *   With timing `"idle-first"`, it also starts when no batch of this queue is running: a lone task never waits. The
 *   batch function is never called within `schedule`, so that tasks scheduled in one turn of the event loop meet in one
 *   batch. If runs take 4 ms or more, timing `"idle-first"` has three exceptions:
 *   - If a batch of several tasks is expected to end soon (within a quarter of their usual run time), a batch that is
 *     not full waits for its end, at most an eighth of the run time longer: its callers may join.
 *   - If at least half of the callers of ended batches usually call again within a quarter of the run time and 100 ms, a
 *     batch that is not full waits that long for as many tasks as the last batch had. It does not if another batch ran
 *     when that one ended, or if more tasks than these were waiting.
 *   - If a batch of several tasks keeps more than one core busy, no more batches of this queue run at a time than the
 *     machine has cores for, until one of them has taken 4 times as long as usual. The first batches run one at a time,
 *     at most 8, until one was measured.
 *   None of them applies if a task would then miss its deadline, as far as runs take as long as usual.
 * - B5 A task for which there is no room rejects immediately with UNAVAILABLE / BATCH_QUEUE_FULL, and may be scheduled
 *   again. Each priority level has room for `maxEnqueuedBatches` waiting batches. Room that a task leaves unused,
 *   because it does not fit there, counts as taken. Running tasks take no room.
 * - B6 A task larger than `maxTaskSize` rejects immediately with INVALID_ARGUMENT / TASK_TOO_LARGE.
 * - B7 If a batch function throws or rejects, every task of its batch rejects with that error, and no other task does.
 *   If one of the results is an Error, only its task rejects.
 * - B8 If a batch function returns another number of results than it received tasks, every task of the batch rejects
 *   with INTERNAL / BATCH_RESULT_LENGTH. The message has both numbers.
 * - B9 A task rejects immediately with the signal's reason when its signal aborts, and with DEADLINE_EXCEEDED /
 *   TASK_DEADLINE_EXCEEDED when its deadline has passed. A waiting task leaves the queue, frees its room, is never run,
 *   and neither delays nor hastens a batch. The result of a running task is dropped.
 * - B10 After `close`, every new task rejects with UNAVAILABLE / BATCH_QUEUE_CLOSED. Queued tasks run without waiting
 *   for the timeout; `close` resolves when the last batch has ended. When the signal passed to `close` aborts, all
 *   tasks that have not settled reject with BATCH_QUEUE_CLOSED and `close` resolves. Repeated calls return the same
 *   promise.
 * - B11 A task of a more urgent level is batched before all tasks of less urgent levels. A less urgent task joins such
 *   a batch only instead of padding, where it costs nothing.
 * - B12 With the option `joins`, a batch has only tasks that join its first one. The others keep their places, and B3
 *   holds among tasks that join each other. Whether a batch is full (B4) and how much room is left (B5) are computed as
 *   if all tasks joined.
 *
 * An idle scheduler holds no timer and needs no attention.
 */
export interface BatchScheduler<T, R> extends AsyncDisposable {
  /**
   * Adds a task and returns its result.
   *
   * @throws RangeError if `size` is not an integer >= 1 or `priority` is not one of the levels.
   */
  schedule(task: T, options?: ScheduleOptions): Promise<R>;

  /** Number of waiting tasks. Running tasks do not count; a split task counts until its last part runs. */
  readonly numEnqueuedTasks: number;

  /** The total size for which there is room now, in the most urgent level. */
  readonly schedulingCapacity: number;

  /** Maximum size of a task: `maxBatchSize`. */
  readonly maxTaskSize: number;

  /** Returns the counts of the queue since it was made, and its current content. */
  stats(): BatchQueueStats;

  /**
   * Rejects new tasks, and resolves when every waiting task has run or was rejected. `Symbol.asyncDispose` is `close`
   * without a signal.
   */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** Options for one task. */
export interface ScheduleOptions {
  /** The size of the task in a batch, such as its rows. An integer >= 1. Default 1. */
  readonly size?: number | undefined;
  /** The level, an integer from 0, the most urgent, to `priorityLevels - 1`. Default 0. */
  readonly priority?: number | undefined;
  /** Time on the scheduler's Clock at which the task rejects. Default never. */
  readonly deadlineAtMs?: number | undefined;
  /** Aborts the task. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a batch: returns the result of each task, in the order of the tasks.
 *
 * Results may be returned directly or by a promise; the slot is held until then. If one of the results is an Error,
 * only its task rejects.
 */
export type BatchFunction<T, R> = (
  tasks: readonly T[],
  context: BatchContext,
) => readonly (R | Error)[] | PromiseLike<readonly (R | Error)[]>;

/** The context that a batch function receives with its batch. */
export interface BatchContext {
  /** The sum of the sizes of the tasks. */
  readonly size: number;
  /** The size to pad to: the smallest of `allowedBatchSizes` that holds `size`; `size` if there is no such list. */
  readonly paddedSize: number;
  /** The size of each task, in the order of the tasks. */
  readonly sizes: readonly number[];
  /** The latest deadline of the tasks, on the scheduler's Clock; Infinity if a task has none. */
  readonly deadlineAtMs: number;
}

import type { BatchQueueStats } from "./batch-queue-stats.js";

/**
 * Collects tasks and runs them together: many small calls become few large ones.
 *
 * A task is anything with a size; what a task is, how tasks are joined and what a result is, only
 * the batch function knows. A scheduler is one queue: its tasks only meet each other in a batch.
 *
 * Guarantees a scheduler gives:
 * - B1 Every task settles exactly once: with its result or with one error.
 * - B2 The sizes of the tasks of a batch sum to `maxExecutionBatchSize` at most (which is
 *   `maxBatchSize` unless large tasks are split), and no batch is empty.
 * - B3 Within a priority level tasks are batched first in, first out: a batch lists its tasks in
 *   order of arrival, and a task is never in a later batch than one that arrived after it.
 * - B4 A batch starts when a slot is free and the batch is full or its oldest task has waited
 *   `batchTimeoutMs`, whichever is first. With timing `"idle-first"` it also starts when no batch
 *   of this queue is running: a lone task never waits. The batch function is never called within
 *   `schedule`, so that tasks scheduled in one turn of the event loop meet in one batch.
 * - B5 A task for which there is no place left rejects with UNAVAILABLE / BATCH_QUEUE_FULL, at once,
 *   and may be scheduled again. There is place for `maxEnqueuedBatches` batches in each priority
 *   level, and what a task does not fit into counts as taken: no more batches than that wait.
 *   Tasks that run take no place.
 * - B6 A task larger than `maxTaskSize` rejects with INVALID_ARGUMENT / TASK_TOO_LARGE, at once.
 * - B7 A batch function that throws or rejects rejects every task of its batch with that error, and
 *   no other task. An Error in place of one result rejects that one task.
 * - B8 A batch function that gives another number of results than it was given tasks rejects every
 *   task of the batch with INTERNAL / BATCH_RESULT_LENGTH, and the message has both numbers.
 * - B9 A task whose signal aborts rejects with the signal's reason, and one whose deadline has passed
 *   with DEADLINE_EXCEEDED / TASK_DEADLINE_EXCEEDED, at once. While it waits it leaves the queue, frees
 *   its place, is never run and never delays or hastens a batch; while it runs its result is
 *   dropped.
 * - B10 After `close` every new task rejects with UNAVAILABLE / BATCH_QUEUE_CLOSED. What is queued
 *   runs without waiting for the timeout; `close` resolves when the last batch has ended. When the
 *   signal given to `close` aborts, all tasks that have not settled reject with BATCH_QUEUE_CLOSED
 *   and `close` resolves. Repeated calls give the same promise.
 * - B11 A task of a more urgent level is batched before all tasks of less urgent levels. A less
 *   urgent task joins such a batch only in place of padding, where it costs nothing.
 * - B12 With the option `joins` a batch has only tasks that join its first one. The others keep their
 *   places, and B3 holds among tasks that join each other. A batch counts as full (B4) when tasks of its
 *   size wait, and places are counted (B5), as if all tasks joined.
 *
 * A scheduler needs no attention while nothing is scheduled: it holds no timer then.
 */
export interface BatchScheduler<T, R> extends AsyncDisposable {
  /**
   * Adds a task and gives its result.
   *
   * @throws RangeError when `size` is not an integer >= 1 or `priority` is not one of the levels.
   */
  schedule(task: T, options?: ScheduleOptions): Promise<R>;

  /** How many tasks wait. Tasks that run are not counted; one that is split counts until its last part runs. */
  readonly numEnqueuedTasks: number;

  /** The total size for which there is place now, in the most urgent level. */
  readonly schedulingCapacity: number;

  /** The largest size a task may have: `maxBatchSize`. */
  readonly maxTaskSize: number;

  /** The counts of the queue since it was made, and its content now. */
  stats(): BatchQueueStats;

  /**
   * Refuses new tasks, and resolves when each task that waits has run or was rejected. `Symbol.asyncDispose` is
   * `close` without a signal.
   */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** How one task is scheduled. */
export interface ScheduleOptions {
  /** The size of the task in a batch, such as its rows. An integer >= 1. Default 1. */
  readonly size?: number | undefined;
  /** The level, an integer from 0, the most urgent, to `priorityLevels - 1`. Default 0. */
  readonly priority?: number | undefined;
  /** When this time on the scheduler's Clock has passed, the task rejects. Default never. */
  readonly deadlineAtMs?: number | undefined;
  /** Aborts the task. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a batch: gives the result of each task, in the order of the tasks.
 *
 * Results may be given at once or by a promise; the slot is taken until then. An Error in place of a
 * result rejects that task alone.
 */
export type BatchFunction<T, R> = (
  tasks: readonly T[],
  context: BatchContext,
) => readonly (R | Error)[] | PromiseLike<readonly (R | Error)[]>;

/** The context that a batch function receives with its batch. */
export interface BatchContext {
  /** The sum of the sizes of the tasks. */
  readonly size: number;
  /** The size to pad to: the smallest of `allowedBatchSizes` that holds `size`; `size` without such a list. */
  readonly paddedSize: number;
  /** The size of each task, in the order of the tasks. */
  readonly sizes: readonly number[];
  /** The latest deadline of the tasks, on the scheduler's Clock; Infinity when one has none. */
  readonly deadlineAtMs: number;
}

import type { ResolvedBatchQueueOptions, TaskSplitting } from "./batch-queue-options.js";
import { padUp } from "./batch-queue-options.js";
import type { BatchContext } from "./batch-scheduler.js";
import type { BatchTask } from "./batch-task.js";
import { cutPart, wholeOrLastPart } from "./cut-task.js";
import type { TaskList } from "./task-list.js";

/** Tasks that run together. A batch is also its own context, whose costlier parts are computed on first access. */
export class Batch<T, R> implements BatchContext {
  readonly entries: BatchTask<T, R>[];
  readonly tasks: T[];
  size = 0;
  paddedSize = 0;
  startedAtMs = 0.5;
  /** Its index in the list of running batches, if its results come by a promise. */
  runningIndex = -1;

  /** Makes a batch with room for `tasks` tasks: preallocated arrays cost less than arrays that grow. */
  constructor(tasks: number) {
    this.entries = new Array(tasks);
    this.tasks = new Array(tasks);
  }

  get sizes(): readonly number[] {
    return this.entries.map((entry) => entry.size);
  }

  get deadlineAtMs(): number {
    return this.entries.reduce((latest, entry) => Math.max(latest, entry.deadlineAtMs), 0);
  }
}

/** Keeps the hidden class of batches alive in the engine while there is no batch: see TaskList. @public */
export const noBatch = new Batch<never, never>(0);

/**
 * Removes the next batch of a level from the lists.
 *
 * Takes tasks from the head while the next task that joins the first one fits. Then it replaces padding with tasks of
 * less urgent levels. A task that was accepted under a larger limit than the current one runs alone.
 */
export function formBatch<T, R>(
  levels: readonly TaskList<T, R>[],
  level: number,
  options: ResolvedBatchQueueOptions<T, R>,
): Batch<T, R> {
  const { maxExecutionBatchSize, allowedBatchSizes, splitting, joins } = options;
  const list = levels[level] as TaskList<T, R>;
  let limit = maxExecutionBatchSize;
  const { head } = list;
  if (splitting === undefined && head !== null && head.size > limit) {
    limit = Math.max(maxExecutionBatchSize, head.size);
  }
  const batch = new Batch<T, R>(Math.min(list.count, limit));
  let count = take(batch, 0, list, limit, joins, splitting);
  batch.paddedSize = padUp(allowedBatchSizes, batch.size);
  for (let i = level + 1; i < levels.length && batch.size < batch.paddedSize; i++) {
    count = take(batch, count, levels[i] as TaskList<T, R>, batch.paddedSize, joins, undefined);
  }
  if (count !== batch.entries.length) batch.entries.length = batch.tasks.length = count;
  return batch;
}

/**
 * Maximum number of tasks that are skipped for a batch because they do not join it. Without a limit, each batch would
 * scan the whole queue if no two tasks join.
 */
const MAX_PASSED_TASKS = 1000;

/** Takes tasks into a batch that has `count` tasks. Returns the new count. */
function take<T, R>(
  batch: Batch<T, R>,
  count: number,
  list: TaskList<T, R>,
  limit: number,
  joins: ((first: T, task: T) => boolean) | undefined,
  splitting: TaskSplitting<T, R> | undefined,
): number {
  const { entries, tasks } = batch;
  let { size } = batch;
  let end = count;
  let passed = 0;
  for (let task = list.head, next = task; task !== null && size < limit; task = next) {
    next = list.after(task);
    if (joins !== undefined && end > 0 && !joins(tasks[0] as T, task.task)) {
      if (++passed > MAX_PASSED_TASKS) break;
      continue;
    }
    const room = limit - size;
    let entry: BatchTask<T, R> | undefined;
    if (task.size <= room) {
      if (passed === 0) list.take(task);
      else list.remove(task);
      entry = wholeOrLastPart(task);
    } else if (splitting !== undefined) {
      entry = cutPart(task, room, splitting);
      if (entry === undefined) continue;
      list.size -= room;
    } else break;
    entries[end] = entry;
    tasks[end] = entry.task;
    end++;
    size += entry.size;
  }
  batch.size = size;
  return end;
}

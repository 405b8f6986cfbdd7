import type { ResolvedBatchQueueOptions, TaskSplitting } from "./batch-queue-options.js";
import { padUp } from "./batch-queue-options.js";
import type { BatchContext } from "./batch-scheduler.js";
import type { BatchTask } from "./batch-task.js";
import { cutPart, wholeOrLastPart } from "./cut-task.js";
import type { TaskList } from "./task-list.js";

/** Tasks that run together. It is its own context, whose costlier parts are made when they are asked for. */
export class Batch<T, R> implements BatchContext {
  readonly entries: BatchTask<T, R>[];
  readonly tasks: T[];
  size = 0;
  paddedSize = 0;
  startedAtMs = 0.5;
  /** Its place in the list of batches that run, where its results come by a promise. */
  runningIndex = -1;

  /** A batch of some tasks at most. Arrays of the right length cost less than those that grow. */
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

/** Keeps the shape of batches known to the engine while none is alive: see TaskList. @public */
export const noBatch = new Batch<never, never>(0);

/**
 * Takes the next batch of a level out of the lists.
 *
 * Takes from the head while the next task that joins the first one fits; then fills what would be padding
 * with tasks of less urgent levels. A task that was accepted under a larger limit than today's runs alone.
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
 * How many tasks that do not join a batch are passed for it at most, so that a queue of tasks that are all
 * different does not make each batch look at all of them.
 */
const MAX_PASSED_TASKS = 1000;

/** Takes tasks into a batch that has `count`. Gives how many it has then. */
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

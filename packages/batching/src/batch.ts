import { batchDown, padUp } from "./allowed-batch-sizes.js";
import type { ResolvedBatchQueueOptions, TaskSplitting } from "./batch-queue-options.js";
import type { BatchContext } from "./batch-scheduler.js";
import { BatchTask, RUNNING, type TaskList } from "./batch-task.js";

/** Tasks that run together. It is its own context, whose costlier parts are made when they are asked for. */
export class Batch<T, R> implements BatchContext {
  readonly entries: BatchTask<T, R>[] = [];
  readonly tasks: T[] = [];
  size = 0;
  paddedSize = 0;
  startedAtMs = 0;
  /** Its place in the list of batches that run, where its results come by a promise. */
  runningIndex = -1;

  get sizes(): readonly number[] {
    return this.entries.map((entry) => entry.size);
  }

  get deadlineAtMs(): number {
    return this.entries.reduce((latest, entry) => Math.max(latest, entry.deadlineAtMs), 0);
  }

  add(entry: BatchTask<T, R>): void {
    entry.state = RUNNING;
    this.entries.push(entry);
    this.tasks.push(entry.task);
    this.size += entry.size;
  }
}

/**
 * Takes the next batch of a level out of the lists.
 *
 * Takes from the head while the next task fits; then fills what would be padding with tasks of less
 * urgent levels. A task that was accepted under a larger limit than today's runs alone.
 */
export function formBatch<T, R>(
  levels: readonly TaskList<T, R>[],
  level: number,
  options: ResolvedBatchQueueOptions<T, R>,
): Batch<T, R> {
  const { maxExecutionBatchSize, allowedBatchSizes, paddingPolicy, splitting } = options;
  const batch = new Batch<T, R>();
  const list = levels[level] as TaskList<T, R>;
  let limit = maxExecutionBatchSize;
  if (paddingPolicy === "batch-down" && list.size < limit) {
    limit = batchDown(allowedBatchSizes, list.size) || limit;
  }
  if (splitting === undefined && list.head !== null && list.head.size > limit) {
    limit = Math.max(maxExecutionBatchSize, list.head.size);
  }
  take(batch, list, limit, splitting);
  batch.paddedSize = padUp(allowedBatchSizes, batch.size);
  for (let i = level + 1; i < levels.length && batch.size < batch.paddedSize; i++) {
    take(batch, levels[i] as TaskList<T, R>, batch.paddedSize, undefined);
  }
  return batch;
}

function take<T, R>(
  batch: Batch<T, R>,
  list: TaskList<T, R>,
  limit: number,
  splitting: TaskSplitting<T, R> | undefined,
): void {
  for (let task = list.head; task !== null && batch.size < limit; task = list.head) {
    const room = limit - batch.size;
    if (task.size <= room) {
      list.remove(task);
      batch.add(task.partResults === null ? task : lastPart(task));
    } else if (splitting !== undefined) {
      splitInto(batch, list, task, room, splitting);
    } else return;
  }
}

/** Cuts off a first part that fills the batch; the rest stays at the head of the list. */
function splitInto<T, R>(
  batch: Batch<T, R>,
  list: TaskList<T, R>,
  task: BatchTask<T, R>,
  room: number,
  splitting: TaskSplitting<T, R>,
): void {
  let first: T;
  let rest: T;
  try {
    [first, rest] = splitting.split(task.task, room);
  } catch (error) {
    task.owner.fail(task, error);
    return;
  }
  task.partResults ??= [];
  batch.add(partOf(task, first, room));
  task.task = rest;
  task.size -= room;
  list.size -= room;
}

function lastPart<T, R>(task: BatchTask<T, R>): BatchTask<T, R> {
  task.state = RUNNING;
  return partOf(task, task.task, task.size);
}

function partOf<T, R>(parent: BatchTask<T, R>, task: T, size: number): BatchTask<T, R> {
  const { owner, level, enqueuedAtMs, deadlineAtMs } = parent;
  const part = new BatchTask<T, R>(owner, task, size, level, enqueuedAtMs, deadlineAtMs, undefined);
  const results = parent.partResults as (R | undefined)[];
  part.parent = parent;
  part.partIndex = results.push(undefined) - 1;
  parent.runningParts++;
  return part;
}

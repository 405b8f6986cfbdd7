import type { TaskSplitting } from "./batch-queue-options.js";
import { BatchTask, RUNNING, TaskParts } from "./batch-task.js";

/**
 * Splits a first part of a size off a task, which keeps the rest. Returns undefined if the task cannot be split: it has
 * then failed with that error.
 */
export function cutPart<T, R>(
  task: BatchTask<T, R>,
  size: number,
  { split }: TaskSplitting<T, R>,
): BatchTask<T, R> | undefined {
  let first: T;
  let rest: T;
  try {
    [first, rest] = split(task.task, size);
  } catch (error) {
    task.owner.fail(task, error);
    return undefined;
  }
  task.parts ??= new TaskParts();
  const part = partOf(task, task.parts, first, size);
  task.task = rest;
  task.size -= size;
  return part;
}

/** Returns a task that was not split, or the last part of one that was. */
export function wholeOrLastPart<T, R>(task: BatchTask<T, R>): BatchTask<T, R> {
  task.state = RUNNING;
  return task.parts === null ? task : partOf(task, task.parts, task.task, task.size);
}

function partOf<T, R>(
  parent: BatchTask<T, R>,
  parts: TaskParts<BatchTask<T, R>, R>,
  task: T,
  size: number,
): BatchTask<T, R> {
  const { owner, level, enqueuedAtMs, deadlineAtMs } = parent;
  const part = new BatchTask<T, R>(owner, task, size, level, enqueuedAtMs, deadlineAtMs, undefined);
  part.state = RUNNING;
  part.parent = parent;
  parts.add(part);
  return part;
}

import type { BatchTask } from "./batch-task.js";
import { TaskList } from "./task-list.js";

/** The waiting tasks of a queue: one list per priority level, the most urgent first. */
export class TaskLevels<T, R> {
  readonly lists: readonly TaskList<T, R>[];
  /** Number of waiting tasks in all levels. Call `recount` after taking tasks from lists. */
  count = 0;

  /** `batchSize` as in TaskList. */
  constructor(levels: number, batchSize: number) {
    this.lists = Array.from({ length: levels }, () => new TaskList<T, R>(batchSize));
  }

  /** The sum of the sizes of all waiting tasks. */
  get size(): number {
    return this.lists.reduce((sum, list) => sum + list.size, 0);
  }

  push(task: BatchTask<T, R>): void {
    (this.lists[task.level] as TaskList<T, R>).push(task);
    this.count++;
  }

  remove(task: BatchTask<T, R>): void {
    (this.lists[task.level] as TaskList<T, R>).remove(task);
    this.count--;
  }

  recount(): void {
    let count = 0;
    for (const list of this.lists) count += list.count;
    this.count = count;
  }

  /** Returns the most urgent level in which a batch of `maxSize` is full, or -1. */
  fullLevel(maxSize: number): number {
    for (let level = 0; level < this.lists.length; level++) {
      if ((this.lists[level] as TaskList<T, R>).size >= maxSize) return level;
    }
    return -1;
  }

  /** Returns the most urgent level in which a batch is full or the oldest task has waited `waitMs`, or -1. */
  readyLevel(maxSize: number, nowMs: number, waitMs: number): number {
    for (let level = 0; level < this.lists.length; level++) {
      const { head, size } = this.lists[level] as TaskList<T, R>;
      if (head !== null && (size >= maxSize || head.enqueuedAtMs + waitMs <= nowMs)) return level;
    }
    return -1;
  }

  /** Arrival time of the oldest task; Infinity if none waits. */
  get oldestAtMs(): number {
    let oldestAtMs = Number.POSITIVE_INFINITY;
    for (const { head } of this.lists) {
      if (head !== null && head.enqueuedAtMs < oldestAtMs) oldestAtMs = head.enqueuedAtMs;
    }
    return oldestAtMs;
  }

  /** Iterates over all tasks. A task may leave during the iteration. */
  *[Symbol.iterator](): Generator<BatchTask<T, R>> {
    for (const list of this.lists) {
      for (let task = list.head; task !== null; ) {
        const next = list.after(task);
        yield task;
        task = next;
      }
    }
  }
}

import { BatchTask } from "./batch-task.js";

/** The owner of the sentinel, for tasks of any type. */
const NO_OWNER = { abort: () => {}, fail: () => {} };

/**
 * Tasks in order of arrival, as a ring, so that any task can leave in constant time.
 *
 * The list counts the batches that its tasks will form. If a task does not fit into the rest of a batch, that rest
 * stays empty and counts as taken.
 *
 * A sentinel task closes the ring. It also keeps the hidden class of tasks alive in the engine while there is no task:
 * otherwise a garbage collection in an idle moment discards the compiled code of the queue.
 */
export class TaskList<T, R> {
  readonly #end = new BatchTask<T, R>(NO_OWNER, undefined as T, 0, 0, 0.5, 0.5, undefined);
  #batchSize: number;
  /** The sum of the room that will stay empty, and the fill of the last batch. */
  #empty = 0;
  #filled = 0;
  /** True if these two must be recomputed. */
  #isStale = false;
  /** Number of waiting tasks. */
  count = 0;
  /** The sum of the tasks' sizes. */
  size = 0;

  /** `batchSize` as in the setter below. */
  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  /** The size of a full batch; Infinity if tasks are split to fill batches. */
  set batchSize(size: number) {
    this.#batchSize = size;
    this.#isStale = true;
  }

  /** The oldest task. */
  get head(): BatchTask<T, R> | null {
    return this.after(this.#end);
  }

  /** Returns the task that arrived next. */
  after(task: BatchTask<T, R>): BatchTask<T, R> | null {
    return task.next === this.#end ? null : task.next;
  }

  /** The room that is taken: by the tasks, and by the gaps between them. */
  get taken(): number {
    if (this.#isStale) this.#recount();
    return this.size + this.#empty;
  }

  /** Returns the room that one more task would take, including the gap that it leaves in the last batch. */
  placeOf(size: number): number {
    if (this.#isStale) this.#recount();
    return size + this.#emptyBefore(size);
  }

  push(task: BatchTask<T, R>): void {
    const end = this.#end;
    const last = end.previous;
    task.previous = last;
    task.next = end;
    last.next = task;
    end.previous = task;
    this.count++;
    this.size += task.size;
    if (!this.#isStale) this.#count(task);
  }

  /** Removes the first task, for a batch that it fits into. */
  take(head: BatchTask<T, R>): void {
    this.#unlink(head);
    this.#empty -= head.emptyBefore;
    const { next } = this.#end;
    // A batch has ended before the next task, so the gap before it is gone.
    this.#empty -= next.emptyBefore;
    next.emptyBefore = 0;
    if (this.count === 0) this.#filled = 0;
  }

  /** Removes a task at any position: the tasks behind it may then share batches differently. */
  remove(task: BatchTask<T, R>): void {
    this.#unlink(task);
    this.#isStale = true;
  }

  #unlink(task: BatchTask<T, R>): void {
    const { next, previous } = task;
    previous.next = next;
    next.previous = previous;
    task.next = task;
    task.previous = task;
    this.count--;
    this.size -= task.size;
  }

  #emptyBefore(size: number): number {
    const rest = this.#batchSize - this.#filled;
    return this.#filled > 0 && size > rest && rest > 0 ? rest : 0;
  }

  #count(task: BatchTask<T, R>): void {
    if (this.#batchSize === Number.POSITIVE_INFINITY) return;
    const { size } = task;
    const isNext = size > this.#batchSize - this.#filled;
    task.emptyBefore = isNext ? this.#emptyBefore(size) : 0;
    this.#empty += task.emptyBefore;
    this.#filled = isNext ? size : this.#filled + size;
  }

  #recount(): void {
    this.#isStale = false;
    this.#empty = 0;
    this.#filled = 0;
    if (this.size === this.count) {
      // Tasks of size 1 always fill batches.
      if (this.count > 0) this.#filled = this.count % this.#batchSize || this.#batchSize;
      return;
    }
    for (let task = this.head; task !== null; task = this.after(task)) {
      task.emptyBefore = 0;
      this.#count(task);
    }
  }
}

import { BatchTask, type TaskOwner } from "./batch-task.js";

const NO_OWNER: TaskOwner<never, never> = { abort: () => {}, fail: () => {} };

/**
 * Tasks in order of arrival: a ring through the tasks, so that any can leave at once.
 *
 * It counts the batches that they will make: where a task does not fit into what is left of a batch,
 * that rest stays empty and is as good as taken.
 *
 * The ring is closed by a task that is none. It also keeps the shape of tasks known to the engine
 * while none is alive: else a collection in a quiet moment throws the compiled code of the queue away.
 */
export class TaskList<T, R> {
  readonly #end = new BatchTask<T, R>(NO_OWNER, undefined as T, 0, 0, 0.5, 0.5, undefined);
  #batchSize: number;
  /** The sum of what will stay empty, and how far the last batch is filled. */
  #empty = 0;
  #filled = 0;
  /** Whether they must be counted again. */
  #isStale = false;
  /** How many tasks wait. */
  count = 0;
  /** The sum of their sizes. */
  size = 0;

  /** `batchSize` as below. */
  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  /** The size of a full batch; Infinity where tasks are cut to fill batches. */
  set batchSize(size: number) {
    this.#batchSize = size;
    this.#isStale = true;
  }

  /** The task that came first. */
  get head(): BatchTask<T, R> | null {
    return this.after(this.#end);
  }

  /** The task that came after one. */
  after(task: BatchTask<T, R>): BatchTask<T, R> | null {
    return task.next === this.#end ? null : task.next;
  }

  /** The place that is taken: by the tasks, and by what stays empty between them. */
  get taken(): number {
    if (this.#isStale) this.#recount();
    return this.size + this.#empty;
  }

  /** The place that one more task would take, with what it leaves empty of the last batch. */
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

  /** Takes the first task out, for a batch that it fits into. */
  take(head: BatchTask<T, R>): void {
    this.#unlink(head);
    this.#empty -= head.emptyBefore;
    const { next } = this.#end;
    // A batch has ended before it: nothing stays empty for its sake any more.
    this.#empty -= next.emptyBefore;
    next.emptyBefore = 0;
    if (this.count === 0) this.#filled = 0;
  }

  /** Takes a task out, wherever it stands: those behind it may share batches in another way. */
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

/** Where a task stands: `waiting` in a list, `running` in a batch, or `settled`. */
export const WAITING = 0;
export const RUNNING = 1;
export const SETTLED = 2;

/** The queue of a task, as the task sees it. */
export interface TaskOwner<T, R> {
  abort(task: BatchTask<T, R>): void;
  /** Rejects a task that waits. */
  fail(task: BatchTask<T, R>, error: unknown): void;
}

// A promise's two ends, handed over by `capture`, so that no closure is made for a task.
let lastResolve: (result: never) => void = () => {};
let lastReject: (error: unknown) => void = () => {};
function capture(resolve: (result: never) => void, reject: (error: unknown) => void): void {
  lastResolve = resolve;
  lastReject = reject;
}
const nobody = () => {};

/**
 * One scheduled task: the links of the list it waits in, and the two ends of its promise.
 *
 * One object a task and nothing else: it is list node, abort listener and promise handle at once.
 */
export class BatchTask<T, R> {
  task: T;
  size: number;
  readonly level: number;
  readonly enqueuedAtMs: number;
  readonly deadlineAtMs: number;
  readonly signal: AbortSignal | undefined;
  readonly owner: TaskOwner<T, R>;
  resolve: (result: R) => void = nobody;
  reject: (error: unknown) => void = nobody;
  state: typeof WAITING | typeof RUNNING | typeof SETTLED = WAITING;
  next: BatchTask<T, R> | null = null;
  previous: BatchTask<T, R> | null = null;
  /** The task that this one is a part of, where large tasks are split. */
  parent: BatchTask<T, R> | null = null;
  /** The results of the parts so far, in order of the parts, where this task was split. */
  partResults: (R | undefined)[] | null = null;
  /** How many parts run now. */
  runningParts = 0;
  /** The place of this part among the parts of its parent. */
  partIndex = 0;

  constructor(
    owner: TaskOwner<T, R>,
    task: T,
    size: number,
    level: number,
    enqueuedAtMs: number,
    deadlineAtMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.owner = owner;
    this.task = task;
    this.size = size;
    this.level = level;
    this.enqueuedAtMs = enqueuedAtMs;
    this.deadlineAtMs = deadlineAtMs;
    this.signal = signal;
  }

  /** Makes the promise that `resolve` and `reject` settle. Parts have none. */
  promise(): Promise<R> {
    const promise = new Promise<R>(capture);
    this.resolve = lastResolve as (result: R) => void;
    this.reject = lastReject;
    return promise;
  }

  /** Called when the signal aborts. */
  abort(): void {
    this.owner.abort(this);
  }
}

/** Tasks in order of arrival: a doubly linked list through the tasks, so that any can leave at once. */
export class TaskList<T, R> {
  head: BatchTask<T, R> | null = null;
  #tail: BatchTask<T, R> | null = null;
  /** How many tasks wait. */
  count = 0;
  /** The sum of their sizes. */
  size = 0;

  push(task: BatchTask<T, R>): void {
    task.previous = this.#tail;
    if (this.#tail === null) this.head = task;
    else this.#tail.next = task;
    this.#tail = task;
    this.count++;
    this.size += task.size;
  }

  remove(task: BatchTask<T, R>): void {
    if (task.previous === null) this.head = task.next;
    else task.previous.next = task.next;
    if (task.next === null) this.#tail = task.previous;
    else task.next.previous = task.previous;
    task.next = null;
    task.previous = null;
    this.count--;
    this.size -= task.size;
  }
}

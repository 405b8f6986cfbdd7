/** The states of a task: `waiting` in a list, `running` in a batch, or `settled`. */
export const WAITING = 0;
export const RUNNING = 1;
export const SETTLED = 2;

/** The queue of a task, as the task sees it. */
export interface TaskOwner<T, R> {
  abort(task: BatchTask<T, R>): void;
  /** Rejects a waiting task. */
  fail(task: BatchTask<T, R>, error: unknown): void;
}

// `capture` stores the two functions of a promise here, so that no closure is allocated per task.
let lastResolve: (result: never) => void = () => {};
let lastReject: (error: unknown) => void = () => {};
function capture(resolve: (result: never) => void, reject: (error: unknown) => void): void {
  lastResolve = resolve;
  lastReject = reject;
}
const nobody = () => {};

/**
 * One scheduled task: the links of the list that it waits in, and the two functions of its promise.
 *
 * A task is one object only: list node, abort listener and promise handle.
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
  /** The room left empty in the batch before this task, because the task does not fit there: see TaskList. */
  emptyBefore = 0;
  next: BatchTask<T, R> = this;
  previous: BatchTask<T, R> = this;
  /** The task that this one is a part of, if large tasks are split. */
  parent: BatchTask<T, R> | null = null;
  /** The parts that were split off this task so far. */
  parts: TaskParts<BatchTask<T, R>, R> | null = null;

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

/** The parts of a split task so far, of type P, and their results. */
export class TaskParts<P, R> {
  readonly #parts: P[] = [];
  readonly #results: R[] = [];
  #running = 0;

  add(part: P): void {
    this.#parts.push(part);
    this.#running++;
  }

  /** Records the result of a part. Returns the results of all parts once no other part runs. */
  end(part: P, result: R): readonly R[] | undefined {
    this.#results[this.#parts.indexOf(part)] = result;
    return --this.#running === 0 ? this.#results : undefined;
  }
}

import type { Clock } from "@serving-kit/core";
import { unwatch, watch } from "./abort-watch.js";
import { type Batch, formBatch } from "./batch.js";
import {
  type BatchQueueOptions,
  type ResolvedBatchQueueOptions,
  resolveBatchQueueOptions,
  type TaskSplitting,
} from "./batch-queue-options.js";
import { BatchQueueRecorder } from "./batch-queue-recorder.js";
import type { BatchQueueStats } from "./batch-queue-stats.js";
import type { BatchFunction, BatchScheduler, ScheduleOptions } from "./batch-scheduler.js";
import { BatchTask, RUNNING, SETTLED, TaskList, type TaskOwner, WAITING } from "./batch-task.js";
import { errors } from "./errors.js";
import type { PooledQueue, SlotPool } from "./slot-pool.js";
import { WakeTimer } from "./wake-timer.js";

const NO_OPTIONS: ScheduleOptions = {};
/** What stands for "did not fail", since a batch function may reject with undefined. */
const NO_ERROR = Symbol("no error");

// A promise's two ends, handed over by `capture`, so that no closure is made for a task.
let lastResolve: (result: never) => void;
let lastReject: (error: unknown) => void;
function capture(resolve: (result: never) => void, reject: (error: unknown) => void): void {
  lastResolve = resolve;
  lastReject = reject;
}

/**
 * One queue of a SharedBatchScheduler; made by its `addQueue`. Contract: `BatchScheduler`.
 *
 * One timer serves the timeout of the next batch and all deadlines. It is set for the earliest that
 * was seen and not moved when that task leaves; when it fires too early it is set again.
 */
export class BatchQueue<T, R> implements BatchScheduler<T, R>, PooledQueue, TaskOwner<T, R> {
  /** Internal: the neighbours in the pool's ring. */
  nextInRing: PooledQueue | null = null;
  /** Internal: see `nextInRing`. */
  previousInRing: PooledQueue | null = null;
  readonly #run: BatchFunction<T, R>;
  readonly #pool: SlotPool;
  readonly #clock: Clock;
  readonly #onClosed: (queue: BatchQueue<T, R>) => void;
  readonly #levels: TaskList<T, R>[];
  readonly #recorder = new BatchQueueRecorder();
  readonly #running = new Set<Batch<T, R>>();
  #given: BatchQueueOptions<T, R>;
  #options: ResolvedBatchQueueOptions<T, R>;
  #capacity: number;
  #numEnqueued = 0;
  #numRunningBatches = 0;
  #numRunningTasks = 0;
  #readyLevel = 0;
  /** No task that has not settled has an earlier deadline. */
  #earliestDeadlineAtMs = Number.POSITIVE_INFINITY;
  readonly #timer: WakeTimer;
  #closed: Promise<void> | undefined;
  #resolveClosed: (() => void) | undefined;

  /** Queues are made by `SharedBatchScheduler.addQueue`. */
  constructor(
    run: BatchFunction<T, R>,
    options: BatchQueueOptions<T, R>,
    pool: SlotPool,
    clock: Clock,
    onClosed: (queue: BatchQueue<T, R>) => void,
  ) {
    this.#run = run;
    this.#pool = pool;
    this.#clock = clock;
    this.#onClosed = onClosed;
    this.#given = options;
    this.#options = resolveBatchQueueOptions(options);
    this.#capacity = this.#options.maxEnqueuedBatches * this.#options.maxExecutionBatchSize;
    this.#recorder.onEvent = options.onEvent;
    this.#timer = new WakeTimer(clock, () => this.#wake());
    this.#levels = Array.from({ length: this.#options.priorityLevels }, () => new TaskList<T, R>());
  }

  get numEnqueuedTasks(): number {
    return this.#numEnqueued;
  }

  get schedulingCapacity(): number {
    return this.#closed !== undefined
      ? 0
      : Math.max(0, this.#capacity - (this.#levels[0] as TaskList<T, R>).size);
  }

  get maxTaskSize(): number {
    return this.#options.maxBatchSize;
  }

  /** The options in force, defaults filled in. */
  get options(): ResolvedBatchQueueOptions<T, R> {
    return this.#options;
  }

  /**
   * Changes options from now on; those that are not named stay. Tasks that wait keep their place, also
   * where the queue or the batches became smaller.
   *
   * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID, and then changes nothing.
   */
  configure(changes: Omit<BatchQueueOptions<T, R>, "priorityLevels">): void {
    const given = { ...this.#given, ...changes };
    this.#options = resolveBatchQueueOptions(given);
    this.#given = given;
    this.#recorder.onEvent = given.onEvent;
    this.#capacity = this.#options.maxEnqueuedBatches * this.#options.maxExecutionBatchSize;
    if (this.#numEnqueued > 0) this.#pool.request();
  }

  schedule(task: T, options: ScheduleOptions = NO_OPTIONS): Promise<R> {
    const { size = 1, priority = 0, deadlineAtMs = Number.POSITIVE_INFINITY, signal } = options;
    if (!(size >= 1 && Number.isSafeInteger(size))) {
      throw new RangeError(`the size of a task must be an integer >= 1; got ${size}`);
    }
    const list = this.#levels[priority];
    if (list === undefined) {
      throw new RangeError(
        `priority must be an integer from 0 to ${this.#levels.length - 1}; got ${priority}`,
      );
    }
    const now = this.#clock.now();
    if (
      size > this.#capacity - list.size ||
      size > this.#options.maxBatchSize ||
      deadlineAtMs <= now ||
      this.#closed !== undefined ||
      signal?.aborted
    ) {
      return Promise.reject(this.#refuse(list, size, deadlineAtMs <= now, signal, now));
    }
    const promise = new Promise<R>(capture);
    const scheduled = new BatchTask<T, R>(
      this,
      task,
      size,
      priority,
      now,
      deadlineAtMs,
      signal,
      lastResolve as (result: R) => void,
      lastReject,
    );
    if (signal !== undefined) watch(signal, scheduled);
    list.push(scheduled);
    if (this.#numEnqueued++ === 0) this.#pool.enter(this);
    if (deadlineAtMs < this.#earliestDeadlineAtMs) {
      this.#earliestDeadlineAtMs = deadlineAtMs;
      this.#timer.wakeAt(deadlineAtMs, now);
    }
    this.#pool.request();
    return promise;
  }

  stats(): BatchQueueStats {
    return this.#recorder.snapshot({
      numEnqueuedTasks: this.#numEnqueued,
      enqueuedSize: this.#levels.reduce((sum, list) => sum + list.size, 0),
      numRunningBatches: this.#numRunningBatches,
      numRunningTasks: this.#numRunningTasks,
    });
  }

  close({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = new Promise((resolve) => {
        this.#resolveClosed = resolve;
      });
      if (this.#numEnqueued > 0) this.#pool.request();
      this.#restIfIdle();
    }
    if (signal?.aborted) this.#terminate();
    else if (signal !== undefined && this.#resolveClosed !== undefined) {
      const terminate = () => this.#terminate();
      signal.addEventListener("abort", terminate, { once: true });
      void this.#closed.then(() => signal.removeEventListener("abort", terminate));
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Internal: see `PooledQueue`. */
  get isFull(): boolean {
    for (const list of this.#levels) {
      if (list.size >= this.#options.maxExecutionBatchSize) return true;
    }
    return false;
  }

  /** Internal: see `PooledQueue`. */
  isReady(nowMs: number): boolean {
    if (nowMs >= this.#earliestDeadlineAtMs) this.#expire(nowMs);
    if (this.#numEnqueued === 0) return false;
    const { timing, batchTimeoutMs } = this.#options;
    const isEager =
      this.#closed !== undefined || (timing === "idle-first" && this.#numRunningBatches === 0);
    let wakeAtMs = Number.POSITIVE_INFINITY;
    for (let level = 0; level < this.#levels.length; level++) {
      const { head, size } = this.#levels[level] as TaskList<T, R>;
      if (head === null) continue;
      const dueAtMs = head.enqueuedAtMs + batchTimeoutMs;
      if (isEager || nowMs >= dueAtMs || size >= this.#options.maxExecutionBatchSize) {
        this.#readyLevel = level;
        return true;
      }
      if (dueAtMs < wakeAtMs) wakeAtMs = dueAtMs;
    }
    this.#timer.wakeAt(wakeAtMs, nowMs);
    return false;
  }

  /** Internal: see `PooledQueue`. */
  start(nowMs: number): number {
    const batch = formBatch(this.#levels, this.#readyLevel, this.#options);
    this.#countEnqueued();
    if (batch.entries.length === 0) {
      this.#restIfIdle();
      return nowMs;
    }
    batch.startedAtMs = nowMs;
    this.#recorder.batchStarted(batch.size, batch.paddedSize);
    for (const entry of batch.entries) {
      this.#recorder.queueMs.record(nowMs - entry.enqueuedAtMs);
      if ((entry.parent ?? entry).state === RUNNING) this.#numRunningTasks++;
    }
    this.#numRunningBatches++;
    this.#pool.running++;
    let results: ReturnType<BatchFunction<T, R>>;
    try {
      results = this.#run(batch.tasks, batch);
    } catch (error) {
      return this.#end(batch, undefined, error);
    }
    if (typeof (results as PromiseLike<unknown> | undefined)?.then !== "function") {
      return this.#end(batch, results as readonly (R | Error)[], NO_ERROR);
    }
    this.#running.add(batch);
    (results as PromiseLike<readonly (R | Error)[]>).then(
      (given) => void this.#end(batch, given, NO_ERROR),
      (error) => void this.#end(batch, undefined, error),
    );
    return nowMs;
  }

  /** Internal: see `TaskOwner`. */
  abort(task: BatchTask<T, R>): void {
    if (task.state === SETTLED) return;
    this.#recorder.turnedAway("aborted", task.size, this.#clock.now());
    this.#reject(task, task.signal?.reason);
    this.#restIfIdle();
  }

  /** Internal: see `TaskOwner`. */
  fail(task: BatchTask<T, R>, error: unknown): void {
    this.#recorder.failed++;
    this.#reject(task, error);
  }

  #end(batch: Batch<T, R>, results: readonly (R | Error)[] | undefined, error: unknown): number {
    const now = this.#clock.now();
    const { entries } = batch;
    this.#running.delete(batch);
    this.#numRunningBatches--;
    let failure = error;
    if (Array.isArray(results) && results.length === entries.length) {
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i] as BatchTask<T, R>;
        const result = results[i] as R | Error;
        if (result instanceof Error) this.#failEntry(entry, result);
        else if (entry.parent === null) this.#succeed(entry, result);
        else this.#endPart(entry, entry.parent, result);
      }
    } else {
      if (failure === NO_ERROR) failure = errors.batchResultLength(entries.length, results);
      for (const entry of entries) this.#failEntry(entry, failure);
    }
    this.#recorder.batchEnded({
      tasks: entries.length,
      size: batch.size,
      paddedSize: batch.paddedSize,
      queueMs: batch.startedAtMs - (entries[0] as BatchTask<T, R>).enqueuedAtMs,
      runMs: now - batch.startedAtMs,
      ...(failure !== NO_ERROR && { error: failure }),
      atMs: now,
    });
    this.#pool.release(now);
    this.#restIfIdle();
    return now;
  }

  #endPart(part: BatchTask<T, R>, parent: BatchTask<T, R>, result: R): void {
    const results = parent.partResults as R[];
    results[part.partIndex] = result;
    if (--parent.runningParts > 0 || parent.state !== RUNNING) return;
    try {
      this.#succeed(parent, (this.#options.splitting as TaskSplitting<T, R>).merge(results));
    } catch (error) {
      this.fail(parent, error);
    }
  }

  #failEntry(entry: BatchTask<T, R>, error: unknown): void {
    const task = entry.parent ?? entry;
    if (task.state !== SETTLED) this.fail(task, error);
  }

  #succeed(task: BatchTask<T, R>, result: R): void {
    if (task.state !== RUNNING) return;
    task.state = SETTLED;
    this.#numRunningTasks--;
    this.#recorder.succeeded++;
    if (task.signal !== undefined) unwatch(task.signal, task);
    task.resolve(result);
  }

  #reject(task: BatchTask<T, R>, error: unknown): void {
    if (task.state === WAITING) {
      (this.#levels[task.level] as TaskList<T, R>).remove(task);
      this.#countEnqueued();
    } else this.#numRunningTasks--;
    task.state = SETTLED;
    if (task.signal !== undefined) unwatch(task.signal, task);
    task.reject(error);
  }

  #countEnqueued(): void {
    let count = 0;
    for (const list of this.#levels) count += list.count;
    if (count === 0 && this.#numEnqueued > 0) this.#pool.leave(this);
    this.#numEnqueued = count;
  }

  #refuse(
    list: TaskList<T, R>,
    size: number,
    isExpired: boolean,
    signal: AbortSignal | undefined,
    nowMs: number,
  ): unknown {
    if (signal?.aborted) {
      this.#recorder.turnedAway("aborted", size, nowMs);
      return signal.reason;
    }
    if (this.#closed !== undefined) {
      this.#recorder.turnedAway("queue-closed", size, nowMs);
      return errors.batchQueueClosed();
    }
    if (isExpired) {
      this.#recorder.turnedAway("expired", size, nowMs);
      return this.#options.expiredError();
    }
    if (size > this.maxTaskSize) {
      this.#recorder.turnedAway("task-too-large", size, nowMs);
      return errors.taskTooLarge(size, this.maxTaskSize);
    }
    this.#recorder.turnedAway("queue-full", size, nowMs);
    return errors.batchQueueFull(size, Math.max(0, this.#capacity - list.size));
  }

  #expire(nowMs: number): void {
    let earliestAtMs = Number.POSITIVE_INFINITY;
    for (const task of this.#unsettled()) {
      if (task.deadlineAtMs > nowMs) earliestAtMs = Math.min(earliestAtMs, task.deadlineAtMs);
      else {
        const isWaiting = task.state === WAITING;
        this.#recorder.turnedAway("expired", task.size, nowMs);
        this.#reject(
          task,
          isWaiting ? this.#options.expiredError() : errors.taskDeadlineExceeded(),
        );
      }
    }
    this.#earliestDeadlineAtMs = earliestAtMs;
    this.#timer.wakeAt(earliestAtMs, nowMs);
    this.#restIfIdle();
  }

  #unsettled(): Set<BatchTask<T, R>> {
    const tasks = new Set<BatchTask<T, R>>();
    for (const list of this.#levels) {
      for (let task = list.head; task !== null; task = task.next) tasks.add(task);
    }
    for (const { entries } of this.#running) {
      for (const entry of entries) {
        const task = entry.parent ?? entry;
        if (task.state !== SETTLED) tasks.add(task);
      }
    }
    return tasks;
  }

  #wake(): void {
    const now = this.#clock.now();
    if (now >= this.#earliestDeadlineAtMs) this.#expire(now);
    else this.#timer.wakeAt(this.#earliestDeadlineAtMs, now);
    this.#pool.startBatches(now);
  }

  /** Where nothing waits and nothing runs: holds no timer, and is closed if it was closing. */
  #restIfIdle(): void {
    if (this.#numEnqueued > 0 || this.#numRunningBatches > 0) return;
    this.#rest();
  }

  #rest(): void {
    this.#earliestDeadlineAtMs = Number.POSITIVE_INFINITY;
    this.#timer.clear();
    if (this.#resolveClosed === undefined) return;
    this.#resolveClosed();
    this.#resolveClosed = undefined;
    this.#onClosed(this);
  }

  #terminate(): void {
    const now = this.#clock.now();
    for (const task of this.#unsettled()) {
      this.#recorder.turnedAway("queue-closed", task.size, now);
      this.#reject(task, errors.batchQueueClosed());
    }
    this.#rest();
  }
}

import { type Clock, unwatch, watch } from "@serving-kit/core";
import { refusalOf } from "./admission.js";
import { AloneGate } from "./alone-gate.js";
import { type AloneOutcome, AloneRun, type AloneRunOwner } from "./alone-run.js";
import type { AloneTask, BatchQueue } from "./batch-queue.js";
import {
  type BatchQueueOptions,
  fullBatchSize,
  padUp,
  type ResolvedBatchQueueOptions,
  resolveBatchQueueOptions,
} from "./batch-queue-options.js";
import { BatchQueueRecorder } from "./batch-queue-recorder.js";
import type { BatchQueueStats } from "./batch-queue-stats.js";
import type { BatchFunction, ScheduleOptions } from "./batch-scheduler.js";
import { BatchTask, SETTLED, type TaskOwner, WAITING } from "./batch-task.js";
import { CoreUse } from "./core-use.js";
import { errors } from "./errors.js";
import { type Batch, formBatch } from "./form-batch.js";
import { Meeting } from "./meeting.js";
import { RunningBatches } from "./running-batches.js";
import type { PooledQueue, SlotPool } from "./slot-pool.js";
import { TaskLevels } from "./task-levels.js";
import type { TaskList } from "./task-list.js";
import { type BatchFailure, TaskSettler } from "./task-settler.js";
import { WakeTimer } from "./wake-timer.js";

const NO_OPTIONS: ScheduleOptions = {};

/** The multiple of the expected run time after which a running batch no longer keeps others from starting. */
const MAX_LIMITED = 4;

/**
 * The queue behind `SharedSlots.addQueue`.
 *
 * One timer serves the timeout of the next batch and all deadlines. It is set for the earliest time seen so far, and is
 * not moved when that task leaves. If it fires too early, it is set again.
 */
export class PooledBatchQueue<T, R>
  implements BatchQueue<T, R>, PooledQueue, TaskOwner<T, R>, AloneRunOwner
{
  nextInRing: PooledQueue | null = null;
  previousInRing: PooledQueue | null = null;
  readonly #run: BatchFunction<T, R>;
  readonly #pool: SlotPool;
  readonly #clock: Clock;
  readonly #onClosed: (queue: PooledBatchQueue<T, R>) => void;
  readonly #waiting: TaskLevels<T, R>;
  readonly #recorder = new BatchQueueRecorder();
  readonly #running = new RunningBatches<T, R>();
  readonly #settler: TaskSettler<T, R>;
  readonly #alone: AloneGate;
  readonly #aloneRun = new AloneRun(this);
  readonly #meeting = new Meeting();
  readonly #coreUse: CoreUse;
  #given: BatchQueueOptions<T, R>;
  #options: ResolvedBatchQueueOptions<T, R>;
  #capacity: number;
  #readyLevel = 0;
  /** A lower bound of the deadlines of all tasks that have not settled. */
  #earliestDeadlineAtMs = Number.POSITIVE_INFINITY;
  readonly #timer: WakeTimer;
  #closed: Promise<void> | undefined;
  #resolveClosed: (() => void) | undefined;

  constructor(
    run: BatchFunction<T, R>,
    options: BatchQueueOptions<T, R>,
    pool: SlotPool,
    clock: Clock,
    onClosed: (queue: PooledBatchQueue<T, R>) => void,
  ) {
    this.#run = run;
    this.#pool = pool;
    this.#clock = clock;
    this.#onClosed = onClosed;
    this.#coreUse = new CoreUse(clock);
    this.#given = options;
    this.#options = resolveBatchQueueOptions(options);
    this.#capacity = this.#options.maxEnqueuedBatches * this.#options.maxExecutionBatchSize;
    this.#recorder.onEvent = options.onEvent;
    this.#recorder.onBatchStart = options.onBatchStart;
    this.#timer = new WakeTimer(clock, () => this.#wake());
    this.#alone = new AloneGate(clock);
    this.#waiting = new TaskLevels(this.#options.priorityLevels, fullBatchSize(this.#options));
    this.#settler = new TaskSettler(this.#waiting, this.#running, this.#recorder, () =>
      this.#pool.leave(this),
    );
  }

  get numEnqueuedTasks(): number {
    return this.#waiting.count;
  }

  get schedulingCapacity(): number {
    const { taken } = this.#waiting.lists[0] as TaskList<T, R>;
    return this.#closed === undefined ? Math.max(0, this.#capacity - taken) : 0;
  }

  get maxTaskSize(): number {
    return this.#options.maxBatchSize;
  }

  get options(): ResolvedBatchQueueOptions<T, R> {
    return this.#options;
  }

  configure(changes: Omit<BatchQueueOptions<T, R>, "priorityLevels">): void {
    const given = { ...this.#given, ...changes };
    this.#options = resolveBatchQueueOptions(given);
    this.#given = given;
    this.#recorder.onEvent = given.onEvent;
    this.#recorder.onBatchStart = given.onBatchStart;
    this.#capacity = this.#options.maxEnqueuedBatches * this.#options.maxExecutionBatchSize;
    for (const list of this.#waiting.lists) list.batchSize = fullBatchSize(this.#options);
    this.#alone.reset();
    if (this.#waiting.count > 0) this.#pool.request();
  }

  schedule(task: T, options: ScheduleOptions = NO_OPTIONS): Promise<R> {
    const { size = 1, priority = 0, deadlineAtMs = Number.POSITIVE_INFINITY, signal } = options;
    if (!(size >= 1 && Number.isSafeInteger(size))) {
      throw new RangeError(`the size of a task must be an integer >= 1; got ${size}`);
    }
    const list = this.#waiting.lists[priority];
    if (list === undefined) {
      throw new RangeError(
        `priority must be an integer from 0 to ${this.#waiting.lists.length - 1}; got ${priority}`,
      );
    }
    const now = this.#clock.now();
    const place = this.#capacity - list.taken;
    const isExpired = deadlineAtMs <= now;
    const isClosed = this.#closed !== undefined;
    const { maxBatchSize: maxTaskSize, expiredError } = this.#options;
    if (
      list.placeOf(size) > place ||
      size > maxTaskSize ||
      isExpired ||
      isClosed ||
      signal?.aborted
    ) {
      const applicant = { size, isExpired, isClosed, signal, maxTaskSize, place, expiredError };
      const refusal = refusalOf(applicant);
      this.#recorder.countRejection(refusal.because, size, now);
      return Promise.reject(refusal.error);
    }
    this.#meeting.arrived(now);
    const scheduled = new BatchTask<T, R>(this, task, size, priority, now, deadlineAtMs, signal);
    const promise = scheduled.promise();
    if (signal !== undefined) watch(signal, scheduled);
    this.#waiting.push(scheduled);
    if (this.#waiting.count === 1) this.#pool.enter(this);
    if (deadlineAtMs < this.#earliestDeadlineAtMs) {
      this.#earliestDeadlineAtMs = deadlineAtMs;
      this.#timer.wakeAt(deadlineAtMs, now);
    }
    this.#pool.request();
    return promise;
  }

  startAlone(size: number): AloneTask | undefined {
    const { timing, maxExecutionBatchSize, allowedBatchSizes } = this.#options;
    const isIdle = this.#waiting.count === 0 && this.#running.count === 0;
    if (!isIdle || timing !== "idle-first" || this.#closed !== undefined) return undefined;
    if (size > maxExecutionBatchSize || padUp(allowedBatchSizes, size) !== size) return undefined;
    const now = this.#clock.now();
    if (this.#pool.running >= this.#pool.slots || this.#meeting.holds(now)) return undefined;
    if (!this.#alone.opens(now)) return undefined;
    this.#meeting.arrived(now);
    this.#running.startAlone(now);
    this.#pool.take();
    const alone = this.#aloneRun;
    alone.restart(size, now);
    this.#recorder.batchStarted(alone);
    return alone;
  }

  endAlone(alone: AloneRun, outcome: AloneOutcome, error: unknown): void {
    const now = this.#clock.now();
    this.#running.endAlone();
    this.#meeting.ended(alone, now, this.#running.count);
    if (outcome === "aborted" || outcome === "expired") {
      this.#recorder.countRejection(outcome, alone.size, now);
    } else this.#recorder[outcome]++;
    this.#recorder.batchEnded(alone, now, outcome === "failed" ? { error } : undefined);
    this.#alone.ended(1, now);
    this.#pool.release(now);
    this.#restIfIdle();
  }

  stats(): BatchQueueStats {
    return this.#recorder.snapshot({
      numEnqueuedTasks: this.#waiting.count,
      enqueuedSize: this.#waiting.size,
      numRunningBatches: this.#running.count,
      numRunningTasks: this.#running.numTasks,
    });
  }

  close({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = new Promise((resolve) => {
        this.#resolveClosed = resolve;
      });
      if (this.#waiting.count > 0) this.#pool.request();
      this.#restIfIdle();
    }
    if (signal?.aborted) this.#terminate();
    else if (signal !== undefined && this.#resolveClosed !== undefined) {
      const termination = { abort: () => this.#terminate() };
      watch(signal, termination);
      void this.#closed.then(() => unwatch(signal, termination));
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get isFull(): boolean {
    return this.#waiting.fullLevel(this.#options.maxExecutionBatchSize) >= 0;
  }

  isReady(nowMs: number): boolean {
    if (nowMs >= this.#earliestDeadlineAtMs) this.#expire(nowMs);
    if (this.#waiting.count === 0) return false;
    const { timing, batchTimeoutMs, maxExecutionBatchSize } = this.#options;
    const isEager =
      this.#closed !== undefined || (timing === "idle-first" && this.#running.count === 0);
    this.#readyLevel = this.#waiting.readyLevel(
      maxExecutionBatchSize,
      nowMs,
      isEager ? Number.NEGATIVE_INFINITY : batchTimeoutMs,
    );
    if (this.#readyLevel >= 0) return this.#closed !== undefined || this.#mayStart(nowMs);
    this.#timer.wakeAt(this.#waiting.oldestAtMs + batchTimeoutMs, nowMs);
    return false;
  }

  /** Returns whether a batch that is due starts now, with timing `idle-first`: see `Meeting` and `CoreUse`. */
  #mayStart(nowMs: number): boolean {
    if (this.#options.timing !== "idle-first") return true;
    const untilMs = Math.max(this.#limitedUntil(nowMs), this.#waitsUntil(nowMs));
    if (untilMs <= nowMs) return true;
    this.#timer.wakeAt(untilMs, nowMs);
    return false;
  }

  /** Returns the time until which the limit of running batches holds. A run that hangs must not stop the queue. */
  #limitedUntil(nowMs: number): number {
    const { count, oldestAtMs } = this.#running;
    const { isLong, expectedMs } = this.#meeting;
    if (count === 0 || !isLong || count < this.#coreUse.limit) return 0;
    if (this.#isUrgent(Math.max(nowMs, oldestAtMs + expectedMs))) return 0;
    return oldestAtMs + MAX_LIMITED * expectedMs;
  }

  #waitsUntil(nowMs: number): number {
    if (this.isFull) return 0;
    const untilMs = this.#meeting.waitsUntil(nowMs, this.#running.awaited, this.#waiting.count);
    return this.#isUrgent(untilMs) ? 0 : untilMs;
  }

  /** Returns whether a task would miss its deadline if its batch started at that time. */
  #isUrgent(startMs: number): boolean {
    return startMs + this.#meeting.expectedMs > this.#earliestDeadlineAtMs;
  }

  start(nowMs: number): number {
    const batch = formBatch(this.#waiting.lists, this.#readyLevel, this.#options);
    this.#waiting.recount();
    if (this.#waiting.count === 0) this.#pool.leave(this);
    if (batch.entries.length === 0) {
      this.#restIfIdle();
      return nowMs;
    }
    batch.startedAtMs = nowMs;
    this.#running.start(batch);
    this.#pool.take();
    if (this.#meeting.isLong) this.#coreUse.started(this.#pool.starts, this.#pool.running === 1);
    let results: ReturnType<BatchFunction<T, R>> | undefined;
    let failure: BatchFailure | undefined;
    try {
      results = this.#run(batch.tasks, batch);
    } catch (error) {
      failure = { error };
    }
    // Emitted after the run has started, because another thread may compute meanwhile.
    this.#recorder.batchStarted(batch);
    if (typeof (results as PromiseLike<unknown> | undefined)?.then !== "function") {
      return this.#end(batch, results, failure);
    }
    this.#running.await(batch);
    (results as PromiseLike<readonly (R | Error)[]>).then(
      (given) => void this.#end(batch, given),
      (error) => void this.#end(batch, undefined, { error }),
    );
    return nowMs;
  }

  abort(task: BatchTask<T, R>): void {
    if (task.state === SETTLED) return;
    this.#recorder.countRejection("aborted", task.size, this.#clock.now());
    this.#settler.reject(task, task.signal?.reason);
    this.#restIfIdle();
  }

  fail(task: BatchTask<T, R>, error: unknown): void {
    this.#settler.fail(task, error);
  }

  #end(batch: Batch<T, R>, results: unknown, failed?: BatchFailure): number {
    const now = this.#clock.now();
    this.#running.end(batch);
    if (this.#meeting.isLong) {
      this.#coreUse.ended(this.#pool.starts, batch.entries.length, now - batch.startedAtMs);
    }
    this.#meeting.ended(batch, now, this.#running.count);
    const failure = this.#settler.settle(batch, results, failed, this.#options.splitting);
    this.#recorder.batchEnded(batch, now, failure);
    this.#alone.ended(batch.entries.length, now);
    this.#pool.release(now);
    this.#restIfIdle();
    return now;
  }

  #expire(nowMs: number): void {
    let earliestAtMs = Number.POSITIVE_INFINITY;
    for (const task of this.#unsettled()) {
      if (task.deadlineAtMs > nowMs) earliestAtMs = Math.min(earliestAtMs, task.deadlineAtMs);
      else {
        const isWaiting = task.state === WAITING;
        this.#recorder.countRejection("expired", task.size, nowMs);
        this.#settler.reject(
          task,
          isWaiting ? this.#options.expiredError() : errors.taskDeadlineExceeded(),
        );
      }
    }
    this.#earliestDeadlineAtMs = earliestAtMs;
    this.#timer.wakeAt(earliestAtMs, nowMs);
    this.#restIfIdle();
  }

  /** Returns all tasks that wait or run. */
  #unsettled(): Set<BatchTask<T, R>> {
    return new Set([...this.#waiting, ...this.#running.tasks()]);
  }

  #wake(): void {
    const now = this.#clock.now();
    if (now >= this.#earliestDeadlineAtMs) this.#expire(now);
    else this.#timer.wakeAt(this.#earliestDeadlineAtMs, now);
    this.#pool.startBatches(now);
  }

  /** If nothing waits or runs, clears the timer and completes a pending close. */
  #restIfIdle(): void {
    if (this.#waiting.count > 0 || this.#running.count > 0) return;
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
      this.#recorder.countRejection("queue-closed", task.size, now);
      this.#settler.reject(task, errors.batchQueueClosed());
    }
    this.#rest();
  }
}

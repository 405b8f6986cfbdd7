import {
  type BatchFunction,
  type BatchQueueStats,
  type BatchScheduler,
  batchingErrors as errors,
  type ScheduleOptions,
} from "@serving-kit/batching";
import { type Clock, systemClock } from "@serving-kit/core";
import { type Deferred, deferred } from "./deferred.js";

/** Options for a PuppetBatchScheduler. */
export interface PuppetBatchSchedulerOptions {
  /** Maximum size of a task. Default 1,000. */
  readonly maxTaskSize?: number;
  /** The clock for deadlines. Default `systemClock`. */
  readonly clock?: Clock;
}

const NO_TIME = { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };
const NONE = { succeeded: 0, failed: 0, aborted: 0, expired: 0, tooLarge: 0, closed: 0 };
type Counts = typeof NONE;

interface Waiting<T, R> {
  readonly task: T;
  readonly size: number;
  readonly deadlineAtMs: number;
  readonly outcome: Deferred<R>;
}

/**
 * A BatchScheduler that runs nothing until the test calls `process`, so that a test decides which tasks form a batch.
 * It has one priority level and no limit on waiting tasks.
 *
 * ```ts
 * const puppet = new PuppetBatchScheduler(run);
 * const answers = [puppet.schedule("a"), puppet.schedule("b")];
 * await puppet.process();
 * ```
 */
export class PuppetBatchScheduler<T, R> implements BatchScheduler<T, R> {
  readonly maxTaskSize: number;
  /** There is always room. */
  readonly schedulingCapacity = Number.POSITIVE_INFINITY;
  readonly #run: BatchFunction<T, R>;
  readonly #clock: Clock;
  readonly #waiting: Waiting<T, R>[] = [];
  readonly #running = new Set<Waiting<T, R>>();
  readonly #counts: Counts = { ...NONE };
  readonly #batchSizes = new Map<number, number>();
  #numRunningBatches = 0;
  #closed: Promise<void> | undefined;

  constructor(run: BatchFunction<T, R>, options: PuppetBatchSchedulerOptions = {}) {
    this.#run = run;
    this.maxTaskSize = options.maxTaskSize ?? 1_000;
    this.#clock = options.clock ?? systemClock;
  }

  /** The waiting tasks, oldest first. */
  get tasks(): readonly T[] {
    return this.#waiting.map(({ task }) => task);
  }

  get numEnqueuedTasks(): number {
    return this.#waiting.length;
  }

  schedule(task: T, options: ScheduleOptions = {}): Promise<R> {
    const { size = 1, priority = 0, deadlineAtMs = Number.POSITIVE_INFINITY, signal } = options;
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError(`the size of a task must be an integer >= 1; got ${size}`);
    }
    if (priority !== 0) throw new RangeError(`the only priority is 0; got ${priority}`);
    const refusal = this.#refusal(size, deadlineAtMs, signal);
    if (refusal !== undefined) return refusal;

    const waiting = { task, size, deadlineAtMs, outcome: deferred<R>() };
    this.#waiting.push(waiting);
    this.#watch(waiting, signal);
    return waiting.outcome.promise;
  }

  /** Runs the oldest tasks, by default all of them, as one batch. Resolves when the batch has ended. */
  async process(count = this.#waiting.length): Promise<void> {
    const batch = this.#waiting.splice(0, count);
    if (batch.length === 0) return;
    const sizes = batch.map(({ size }) => size);
    const size = sum(sizes);
    const deadlineAtMs = Math.max(...batch.map((waiting) => waiting.deadlineAtMs));
    for (const waiting of batch) this.#running.add(waiting);
    this.#batchSizes.set(size, (this.#batchSizes.get(size) ?? 0) + 1);
    this.#numRunningBatches++;
    try {
      const tasks = batch.map(({ task }) => task);
      const results = await this.#run(tasks, { size, paddedSize: size, sizes, deadlineAtMs });
      if (results.length !== batch.length) throw errors.batchResultLength(batch.length, results);
      for (const [i, waiting] of batch.entries()) this.#settle(waiting, results[i] as R | Error);
    } catch (error) {
      for (const waiting of batch) this.#fail(waiting, "failed", error);
    } finally {
      this.#numRunningBatches--;
    }
  }

  stats(): BatchQueueStats {
    const { tooLarge, closed, ...ended } = this.#counts;
    const batchSizes = [...this.#batchSizes].sort(([a], [b]) => a - b);
    return {
      ...ended,
      numEnqueuedTasks: this.#waiting.length,
      enqueuedSize: sum(this.#waiting.map(({ size }) => size)),
      numRunningBatches: this.#numRunningBatches,
      numRunningTasks: this.#running.size,
      rejected: { queueFull: 0, taskTooLarge: tooLarge, queueClosed: closed },
      batches: sum(batchSizes.map(([, count]) => count)),
      batchedSize: sum(batchSizes.map(([size, count]) => size * count)),
      paddingSize: 0,
      batchSizes: batchSizes.map(([size, count]) => ({ size, count })),
      queueMs: NO_TIME,
      runMs: NO_TIME,
    };
  }

  close({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const cut = () => {
      for (const waiting of [...this.#waiting, ...this.#running]) {
        this.#fail(waiting, "closed", errors.batchQueueClosed());
      }
    };
    this.#closed ??= this.#drain();
    if (signal?.aborted) cut();
    else signal?.addEventListener("abort", cut, { once: true });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(): Promise<void> {
    const promises = [...this.#waiting, ...this.#running].map(({ outcome }) => outcome.promise);
    void this.process();
    await Promise.allSettled(promises);
  }

  #refusal(size: number, deadlineAtMs: number, signal: AbortSignal | undefined) {
    const refuse = (as: keyof Counts, error: unknown) => {
      this.#counts[as]++;
      return Promise.reject<never>(error);
    };
    if (this.#closed !== undefined) return refuse("closed", errors.batchQueueClosed());
    const max = this.maxTaskSize;
    if (size > max) return refuse("tooLarge", errors.taskTooLarge(size, max));
    if (signal?.aborted) return refuse("aborted", signal.reason);
    const isLate = deadlineAtMs <= this.#clock.now();
    return isLate ? refuse("expired", errors.taskDeadlineExceeded()) : undefined;
  }

  #watch(waiting: Waiting<T, R>, signal: AbortSignal | undefined): void {
    const abort = () => this.#fail(waiting, "aborted", signal?.reason);
    signal?.addEventListener("abort", abort);
    const timer = Number.isFinite(waiting.deadlineAtMs)
      ? this.#clock.setTimeout(
          () => this.#fail(waiting, "expired", errors.taskDeadlineExceeded()),
          waiting.deadlineAtMs - this.#clock.now(),
        )
      : undefined;
    const unwatch = () => {
      signal?.removeEventListener("abort", abort);
      timer?.[Symbol.dispose]();
    };
    waiting.outcome.promise.then(unwatch, unwatch);
  }

  #settle(waiting: Waiting<T, R>, result: R | Error): void {
    if (result instanceof Error) {
      this.#fail(waiting, "failed", result);
    } else if (this.#leave(waiting)) {
      this.#counts.succeeded++;
      waiting.outcome.resolve(result);
    }
  }

  #fail(waiting: Waiting<T, R>, as: keyof Counts, error: unknown) {
    if (!this.#leave(waiting)) return;
    this.#counts[as]++;
    waiting.outcome.reject(error);
  }

  /** Removes a task from the queue or its batch; returns false if it had already settled. */
  #leave(waiting: Waiting<T, R>): boolean {
    const index = this.#waiting.indexOf(waiting);
    if (index >= 0) this.#waiting.splice(index, 1);
    return this.#running.delete(waiting) || index >= 0;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

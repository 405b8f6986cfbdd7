import assert from "node:assert/strict";
import type {
  BatchContext,
  BatchFunction,
  BatchScheduler,
  ScheduleOptions,
} from "@serving-kit/batching";
import { isServingError } from "@serving-kit/core";
import { type Deferred, deferred } from "./deferred.js";
import { FakeClock } from "./fake-clock.js";
import type { SuiteOptions } from "./runner.js";
import { DEFAULT_TIMEOUT_MS, within } from "./waiting.js";

/** The options that the suite requests for a scheduler. Tasks and results are numbers. */
export interface BatchSchedulerSetup {
  readonly run: BatchFunction<number, number>;
  readonly clock: FakeClock;
  readonly maxBatchSize: number;
  /** Time in ms. Infinity: a batch that is not full waits until it is. */
  readonly batchTimeoutMs: number;
  readonly timing: "idle-first" | "batch-timeout";
  readonly maxEnqueuedBatches: number;
  readonly priorityLevels: number;
  /** Absent: any tasks can join the same batch. */
  readonly joins?: (first: number, task: number) => boolean;
  /** Maximum number of concurrent batches. */
  readonly slots: number;
}

/** Options for `batchSchedulerConformance`. */
export interface BatchSchedulerConformanceOptions extends SuiteOptions {
  /** Creates a new scheduler with the options of the setup. The suite closes it. */
  create(setup: BatchSchedulerSetup): BatchScheduler<number, number>;
  /** Runs the waiting tasks of a scheduler that runs only on request. Default: the clock alone drives the scheduler. */
  process?(scheduler: BatchScheduler<number, number>): Promise<void>;
  /** True if the scheduler has priority levels. If not, a priority other than 0 must throw RangeError. Default true. */
  readonly hasPriorities?: boolean;
}

/** A batch that has started, with functions to end it if batches hang. */
export interface StartedBatch {
  readonly tasks: readonly number[];
  readonly context: BatchContext;
  readonly atMs: number;
  readonly end: Deferred<void>;
}

/** A scheduler under test with its recorded batches. */
export interface BatchSchedulerSubject {
  readonly scheduler: BatchScheduler<number, number>;
  /** Schedules a task. The caller need not handle its rejection. */
  schedule(task: number, options?: ScheduleOptions): Promise<number>;
  readonly clock: FakeClock;
  readonly batches: readonly StartedBatch[];
  /** The tasks of each batch so far. */
  ran(): (readonly number[])[];
  /** Keeps batches running until the test ends them. */
  hang(): void;
  /** Advances time, and runs waiting tasks if the scheduler runs only on request. */
  advance(ms?: number): Promise<void>;
  /** Returns the results of calls, advancing time until they settle. */
  settled<T>(calls: readonly Promise<T>[]): Promise<PromiseSettledResult<T>[]>;
}

/** The result of the suite's batch function for a task. */
export const resultOf = (task: number): number => task * 10;

/** Asserts that an error is a ServingError with this code and reason. */
export function assertReason(error: unknown, code: string, reason: string): void {
  assert.ok(isServingError(error), `expected ${reason}; got ${error}`);
  assert.deepEqual([error.code, error.reason], [code, reason]);
}

/** Runs a test on a scheduler created by the options, and closes it. */
export async function withScheduler(
  options: BatchSchedulerConformanceOptions,
  setup: Partial<Omit<BatchSchedulerSetup, "clock">>,
  test: (subject: BatchSchedulerSubject) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const batches: StartedBatch[] = [];
  let isHanging = false;
  const run: BatchFunction<number, number> = async (tasks, context) => {
    const batch = { tasks, context, atMs: clock.now(), end: deferred() };
    batches.push(batch);
    if (isHanging) await batch.end.promise;
    return setup.run ? setup.run(tasks, context) : tasks.map(resultOf);
  };
  const scheduler = options.create({
    maxBatchSize: 4,
    batchTimeoutMs: 10,
    timing: "batch-timeout",
    maxEnqueuedBatches: 10,
    priorityLevels: 1,
    slots: 1,
    ...setup,
    run,
    clock,
  });
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const advance = async (ms = 0) => {
    await clock.advance(ms);
    if (!isHanging) await options.process?.(scheduler);
  };
  try {
    await test({
      scheduler,
      schedule(task, options) {
        const result = scheduler.schedule(task, options);
        result.catch(() => {});
        return result;
      },
      clock,
      batches,
      ran: () => batches.map(({ tasks }) => tasks),
      hang: () => {
        isHanging = true;
      },
      advance,
      async settled(calls) {
        const all = Promise.allSettled(calls);
        for (let i = 0; i < 20; i++) await advance(10);
        return within(all, timeoutMs, "expected every task to settle");
      },
    });
  } finally {
    isHanging = false;
    for (const { end } of batches) end.resolve();
    const closed = scheduler.close({ signal: AbortSignal.abort() });
    await within(closed, timeoutMs, "expected close to end").catch(() => {});
  }
}

import {
  type BatchFunction,
  type BatchScheduler,
  createBatchQueue,
  type ScheduleOptions,
} from "@serving-kit/batching";
import { describe, expect, it } from "vitest";
import { type BatchSchedulerSetup, batchSchedulerConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";

describe("batchSchedulerConformance rejects a scheduler", () => {
  type Run = BatchFunction<number, number>;
  type Make = (setup: BatchSchedulerSetup) => BatchScheduler<number, number>;
  const basic: Make = ({ run, ...options }) => createBatchQueue(run, options);
  const brokenBy = async (create: Make, hasPriorities = true) => {
    const failures = await failuresOf((runner) =>
      batchSchedulerConformance(runner, { name: "mutant", create, hasPriorities, timeoutMs: 300 }),
    );
    return [...failures.keys()];
  };
  /** A basic scheduler with another `schedule`. */
  const scheduling =
    (
      change: (
        schedule: BatchScheduler<number, number>["schedule"],
        task: number,
        options: ScheduleOptions,
      ) => Promise<number>,
    ): Make =>
    (setup) => {
      const scheduler = basic(setup);
      const schedule = scheduler.schedule.bind(scheduler);
      return Object.assign(scheduler, {
        schedule: (task: number, options: ScheduleOptions = {}) => change(schedule, task, options),
      });
    };
  /** A basic scheduler with another batch function. */
  const running =
    (change: (run: Run) => Run): Make =>
    (setup) =>
      basic({ ...setup, run: change(setup.run) });

  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(basic)).toEqual([]);
  });

  it("B1 that runs a task twice, or never settles it", async () => {
    const twice = scheduling((schedule, task, options) => {
      void schedule(task, options).catch(() => {});
      return schedule(task, options);
    });
    expect(await brokenBy(twice)).toContain("B1");
    const never = scheduling((schedule, task, options) =>
      task === 9 ? new Promise(() => {}) : schedule(task, options),
    );
    expect(await brokenBy(never)).toContain("B1");
  });

  it("B2 whose batches are too large", async () => {
    const large: Make = (setup) => basic({ ...setup, maxBatchSize: setup.maxBatchSize + 1 });
    expect(await brokenBy(large)).toContain("B2");
  });

  it("B3 that lists tasks in reverse", async () => {
    const reversed = running((run) => async (tasks, context) => {
      const sizes = context.sizes.toReversed();
      const results = await run(tasks.toReversed(), { ...context, sizes });
      return results.toReversed();
    });
    expect(await brokenBy(reversed)).toContain("B3");
  });

  it("B4 that waits too long, or not at all", async () => {
    for (const batchTimeoutMs of [9, 11]) {
      const other: Make = (setup) => basic({ ...setup, batchTimeoutMs });
      expect(await brokenBy(other)).toContain("B4");
    }
    const waiting: Make = (setup) => basic({ ...setup, timing: "batch-timeout" });
    expect(await brokenBy(waiting)).toEqual(["B4"]);
  });

  it("B5 that queues without end", async () => {
    const endless: Make = (setup) => basic({ ...setup, maxEnqueuedBatches: 1_000 });
    expect(await brokenBy(endless)).toEqual(["B5"]);
  });

  it("B6 that truncates a size that is too large, or accepts an invalid one", async () => {
    const cutting = scheduling((schedule, task, { size = 1, ...options }) =>
      schedule(task, { ...options, size: Math.min(size, 4) }),
    );
    expect(await brokenBy(cutting)).toEqual(["B6"]);
    const lenient = scheduling((schedule, task, { size = 1, ...options }) =>
      schedule(task, { ...options, size: Math.max(1, Math.round(size) || 1) }),
    );
    expect(await brokenBy(lenient)).toEqual(["B6"]);
  });

  it("B7 that hides the error of the batch function", async () => {
    const hiding = scheduling(async (schedule, task, options) =>
      schedule(task, options).catch((error: Error) => {
        throw error.message.includes("suite's batch") ? new Error("failed") : error;
      }),
    );
    // Through an async function, close is not told to give the same promise; only the error differs.
    expect(await brokenBy(hiding)).toEqual(["B7"]);
  });

  it("B8 that accepts any results", async () => {
    const filling = running((run) => async (tasks, context) => {
      const results = await run(tasks, context);
      return tasks.map((_, i) => results[i] ?? 0);
    });
    expect(await brokenBy(filling)).toEqual(["B8"]);
  });

  it("B9 that ignores signals, or deadlines", async () => {
    const deaf = scheduling((schedule, task, { signal: _, ...options }) => schedule(task, options));
    expect(await brokenBy(deaf)).toEqual(["B9"]);
    const patient = scheduling((schedule, task, { deadlineAtMs: _, ...options }) =>
      schedule(task, options),
    );
    expect(await brokenBy(patient)).toEqual(["B9"]);
  });

  it("B10 that closes without waiting, or ignores the signal of close", async () => {
    const hasty: Make = (setup) => {
      const scheduler = basic(setup);
      const close = scheduler.close.bind(scheduler);
      let closed: Promise<void> | undefined;
      return Object.assign(scheduler, {
        close: (options?: { signal?: AbortSignal }) => {
          void close(options);
          closed ??= Promise.resolve();
          return closed;
        },
      });
    };
    expect(await brokenBy(hasty)).toContain("B10");
    const twofold: Make = (setup) => {
      const scheduler = basic(setup);
      const close = scheduler.close.bind(scheduler);
      return Object.assign(scheduler, {
        close: async (options?: { signal?: AbortSignal }) => close(options),
      });
    };
    expect(await brokenBy(twofold)).toEqual(["B10"]);
  });

  it("B11 that ignores priorities, or has them and declares that it does not", async () => {
    const flat = scheduling((schedule, task, options) =>
      schedule(task, { ...options, priority: 0 }),
    );
    expect(await brokenBy(flat)).toEqual(["B11"]);
    expect(await brokenBy((setup) => basic({ ...setup, priorityLevels: 2 }), false)).toEqual([
      "B11",
    ]);
  });

  it("B12 that joins every task, or lets one of another kind end a batch", async () => {
    const blind: Make = ({ joins: _, ...setup }) => basic(setup);
    expect(await brokenBy(blind)).toEqual(["B12"]);
    const ending: Make = ({ joins, ...setup }) => {
      let last = 0;
      return basic({
        ...setup,
        ...(joins && {
          joins(first: number, task: number) {
            const isNext = joins(first, task) && joins(last, task);
            last = task;
            return isNext;
          },
        }),
      });
    };
    expect(await brokenBy(ending)).toEqual(["B12"]);
  });
});

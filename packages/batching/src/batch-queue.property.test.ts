import { FakeClock } from "@serving-kit/testing";
import fc from "fast-check";
import { describe, it } from "vitest";
import type { BatchQueueOptions } from "./batch-queue-options.js";
import { SharedSlots } from "./shared-slots.js";

interface Step {
  readonly kind: "schedule" | "advance" | "abort" | "configure" | "slots";
  readonly size: number;
  readonly priority: number;
  readonly ms: number;
  readonly deadlineMs: number | undefined;
  readonly hasSignal: boolean;
  readonly outcome: "result" | "error" | "batch-fails";
}

interface Task {
  readonly number: number;
  readonly rows: readonly number[];
  readonly priority: number;
  readonly outcome: Step["outcome"];
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(
      "schedule",
      "schedule",
      "schedule",
      "schedule",
      "advance",
      "abort",
      "configure",
      "slots",
    ),
    size: fc.integer({ min: 1, max: 9 }),
    priority: fc.integer({ min: 0, max: 2 }),
    ms: fc.integer({ min: 0, max: 12 }),
    deadlineMs: fc.option(fc.integer({ min: -1, max: 20 }), { nil: undefined }),
    hasSignal: fc.boolean(),
    outcome: fc.constantFrom("result", "result", "result", "result", "error", "batch-fails"),
  }),
  { maxLength: 60 },
);

const settings = fc.record({
  timing: fc.constantFrom("idle-first", "batch-timeout"),
  batchTimeoutMs: fc.constantFrom(0, 3, 10),
  allowed: fc.boolean(),
  isSplit: fc.boolean(),
  maxEnqueuedBatches: fc.integer({ min: 2, max: 4 }),
  runMs: fc.constantFrom(0, 4),
  slots: fc.integer({ min: 1, max: 3 }),
  close: fc.constantFrom("drain", "abort"),
  kinds: fc.integer({ min: 1, max: 3 }),
});

const MAX = 8;

/** Runs the steps on a queue whose results are the rows of each task, and verifies every clause. */
async function check(
  given: typeof settings extends fc.Arbitrary<infer S> ? S : never,
  todo: Step[],
) {
  const clock = new FakeClock();
  const maxExecutionBatchSize = given.isSplit ? 4 : MAX;
  const settledCounts: number[] = [];
  const expected: Step["outcome"][] = [];
  const sizes: number[] = [];
  const aborts: AbortController[] = [];
  const started = new Map<string, number>();
  const kindOf = ({ number }: Task) => number % given.kinds;
  const failure = new Error("the batch failed");

  const options: BatchQueueOptions<Task, readonly number[]> = {
    maxBatchSize: MAX,
    timing: given.timing,
    batchTimeoutMs: given.batchTimeoutMs,
    maxEnqueuedBatches: given.maxEnqueuedBatches,
    priorityLevels: 3,
    ...(given.kinds > 1 && { joins: (first, task) => kindOf(first) === kindOf(task) }),
    ...(given.allowed && { allowedBatchSizes: [1, 3, maxExecutionBatchSize] }),
    ...(given.isSplit && {
      splitting: {
        maxExecutionBatchSize,
        split: (task: Task, size: number) =>
          [
            { ...task, rows: task.rows.slice(0, size) },
            { ...task, rows: task.rows.slice(size) },
          ] as const,
        merge: (results: readonly (readonly number[])[]) => results.flat(),
      },
    }),
  };

  const scheduler = new SharedSlots({ slots: given.slots, clock });
  const queue = scheduler.addQueue<Task, readonly number[]>((tasks, context) => {
    const size = tasks.reduce((sum, task) => sum + task.rows.length, 0);
    if (tasks.length === 0) throw new Error("B2 an empty batch");
    if (size !== context.size || size > maxExecutionBatchSize) throw new Error(`B2 size ${size}`);
    if (context.paddedSize < size) throw new Error("padded to less");
    if (scheduler.numRunningBatches > 3) throw new Error("more batches than slots");
    let level = 0;
    for (const task of tasks) {
      const { number, priority } = task;
      if (kindOf(task) !== kindOf(tasks[0] as Task)) throw new Error("B12 of another kind");
      if (priority < level) throw new Error("B11 a less urgent task before a more urgent one");
      if (priority > (tasks[0] as Task).priority && !given.allowed) throw new Error("B11 joined");
      level = priority;
      const line = `${priority} ${kindOf(task)}`;
      if (number < (started.get(line) ?? -1)) throw new Error("B3 out of order");
      started.set(line, number);
    }
    const results = tasks.map((task) =>
      task.outcome === "error" ? new Error("this one") : task.rows,
    );
    const fails = tasks.some((task) => task.outcome === "batch-fails");
    if (given.runMs === 0) {
      if (fails) throw failure;
      return results;
    }
    return new Promise((resolve, reject) => {
      clock.setTimeout(() => (fails ? reject(failure) : resolve(results)), given.runMs);
    });
  }, options);

  const violations: unknown[] = [];
  for (const step of todo) {
    if (step.kind === "advance") await clock.advance(step.ms);
    else if (step.kind === "abort")
      aborts[step.size % Math.max(1, aborts.length)]?.abort("aborted");
    else if (step.kind === "configure") queue.configure({ batchTimeoutMs: step.ms });
    else if (step.kind === "slots") scheduler.slots = 1 + (step.size % 3);
    else {
      const number = settledCounts.push(0) - 1;
      sizes.push(step.size);
      expected.push(step.outcome);
      const abort = new AbortController();
      if (step.hasSignal) aborts.push(abort);
      const rows = Array.from({ length: step.size }, (_, row) => 100 * number + row);
      const { priority, outcome } = step;
      queue
        .schedule(
          { number, rows, priority, outcome },
          {
            size: step.size,
            priority,
            ...(step.deadlineMs !== undefined && { deadlineAtMs: clock.now() + step.deadlineMs }),
            ...(step.hasSignal && { signal: abort.signal }),
          },
        )
        .then(
          (result) => {
            settledCounts[number] = (settledCounts[number] as number) + 1;
            if (outcome !== "result") violations.push(`${outcome} task ${number} resolved`);
            if (String(result) !== String(rows))
              violations.push(`${number}: ${result} for ${rows}`);
          },
          (error) => {
            settledCounts[number] = (settledCounts[number] as number) + 1;
            if (error instanceof Error && /^(B\d|padded|more)/.test(error.message))
              violations.push(error);
          },
        );
      const { numEnqueuedTasks, enqueuedSize } = queue.stats();
      if (numEnqueuedTasks !== queue.numEnqueuedTasks) violations.push("B5 counts differ");
      if (enqueuedSize > 3 * given.maxEnqueuedBatches * maxExecutionBatchSize)
        violations.push("B5 over capacity");
    }
  }
  const abort = new AbortController();
  const closed = queue.close({ signal: abort.signal });
  if (given.close === "abort") abort.abort();
  await clock.advance(1000);
  await closed;
  const stats = queue.stats();
  const { succeeded, failed, aborted, expired, rejected } = stats;
  const counted = succeeded + failed + aborted + expired;
  const total = counted + rejected.queueFull + rejected.taskTooLarge + rejected.queueClosed;
  if (total !== settledCounts.length)
    violations.push(`counted ${total} of ${settledCounts.length}`);
  if (settledCounts.some((count) => count !== 1)) violations.push(`B1 settled ${settledCounts}`);
  if (
    stats.numEnqueuedTasks + stats.enqueuedSize + stats.numRunningBatches + stats.numRunningTasks >
    0
  ) {
    violations.push("something is left");
  }
  if (scheduler.numRunningBatches !== 0) violations.push("a slot was not given back");
  if (clock.pending > 0) violations.push("a timer is left");
  if (violations.length > 0) throw violations[0];
}

describe("BatchQueue, for random tasks, sizes, priorities, deadlines, aborts, failures and closes", () => {
  it("B1 B2 B3 B5 B11 B12 settles every task once, in order, within the limits, and holds nothing afterwards", async () => {
    await fc.assert(fc.asyncProperty(settings, steps, check), { numRuns: 1000 });
  }, 30_000);
});

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import {
  assertReason,
  type BatchSchedulerConformanceOptions,
  resultOf,
  withScheduler,
} from "./batch-scheduler-kit.js";
import type { Tests } from "./suite.js";
import { DEFAULT_TIMEOUT_MS, rejectionOf } from "./waiting.js";

/** The clauses about tasks that are refused, cancelled or too late: B5, B6 and B9. */
export function admissionClauses(options: BatchSchedulerConformanceOptions): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  // "At once" means that no time passes on the clock.
  const refusal = (call: () => Promise<unknown>) => rejectionOf(call, timeoutMs, "schedule");

  return {
    "B5 a task for which there is no place rejects with BATCH_QUEUE_FULL, and may come again": () =>
      withScheduler(
        options,
        { maxEnqueuedBatches: 2 },
        async ({ scheduler, schedule, hang, advance, batches, settled }) => {
          hang();
          const calls = [1, 2, 3, 4].map((task) => schedule(task));
          await advance();
          assert.equal(batches.length, 1, "batches that run and take no place");
          assert.equal(scheduler.schedulingCapacity, 8, "place for two full batches");
          for (let task = 5; task <= 12; task++) calls.push(schedule(task));
          assert.equal(scheduler.schedulingCapacity, 0, "place left");
          assert.equal(scheduler.numEnqueuedTasks, 8, "tasks that wait");
          const error = await refusal(() => schedule(13));
          assertReason(error, "UNAVAILABLE", "BATCH_QUEUE_FULL");
          batches[0]?.end.resolve();
          await advance();
          calls.push(schedule(13));
          for (let i = 1; i < 4; i++) {
            batches[i]?.end.resolve();
            await advance(10);
          }
          const outcomes = await settled(calls);
          for (const [i, outcome] of outcomes.entries()) {
            assert.deepEqual(outcome, { status: "fulfilled", value: resultOf(i + 1) });
          }
        },
      ),

    "B5 no more than maxEnqueuedBatches wait, where tasks do not fill batches": () =>
      withScheduler(
        options,
        { maxEnqueuedBatches: 2 },
        async ({ schedule, hang, advance, batches, settled }) => {
          hang();
          const calls = [schedule(1, { size: 4 })];
          await advance();
          calls.push(schedule(2, { size: 3 }), schedule(3, { size: 3 }));
          const error = await refusal(() => schedule(4, { size: 2 }));
          assertReason(error, "UNAVAILABLE", "BATCH_QUEUE_FULL");
          calls.push(schedule(5));
          for (let i = 0; i < 3; i++) {
            batches[i]?.end.resolve();
            await advance(10);
          }
          await settled(calls);
          assert.deepEqual(
            batches.map(({ tasks }) => tasks),
            [[1], [2], [3, 5]],
            "batches",
          );
        },
      ),

    "B6 a task larger than maxTaskSize rejects with TASK_TOO_LARGE": () =>
      withScheduler(options, {}, async ({ scheduler, schedule, settled, batches }) => {
        const size = scheduler.maxTaskSize;
        const error = await refusal(() => schedule(1, { size: size + 1 }));
        assertReason(error, "INVALID_ARGUMENT", "TASK_TOO_LARGE");
        await settled([schedule(2, { size })]);
        assert.deepEqual(
          batches.map(({ tasks }) => tasks),
          [[2]],
          "batches",
        );
      }),

    "B6 a size that is not an integer >= 1 throws RangeError": () =>
      withScheduler(options, {}, async ({ schedule }) => {
        for (const size of [0, -1, 1.5, Number.NaN]) {
          const error = await refusal(async () => schedule(1, { size }));
          assert.ok(error instanceof RangeError, `size ${size}: expected RangeError; got ${error}`);
        }
      }),

    "B9 a task that aborts while it waits rejects at once and is never run": () =>
      withScheduler(options, {}, async ({ scheduler, schedule, advance, batches, settled }) => {
        const reason = new Error("aborted by the suite");
        const controller = new AbortController();
        const { signal } = controller;
        const already = AbortSignal.abort(reason);
        assert.equal(await refusal(() => schedule(0, { signal: already })), reason);

        const aborted = schedule(1, { size: 2, signal });
        const capacity = scheduler.schedulingCapacity;
        await advance(6);
        const others = [schedule(2)];
        controller.abort(reason);
        assert.equal(await refusal(() => aborted), reason);
        assert.equal(scheduler.numEnqueuedTasks, 1, "tasks that wait");
        assert.equal(scheduler.schedulingCapacity, capacity + 2 - 1, "place after the abort");
        // The oldest task of the batch is now another one. The departed task must neither advance nor delay it.
        await advance(9);
        assert.equal(batches.length, 0, "batches 9 ms after the oldest task that is left came");
        await advance(1);
        assert.deepEqual(
          batches.map(({ tasks }) => tasks),
          [[2]],
          "batches",
        );
        await settled(others);
      }),

    "B9 a task that aborts while it runs rejects at once, and the others of its batch do not": () =>
      withScheduler(options, {}, async ({ schedule, hang, advance, batches, settled }) => {
        hang();
        const reason = new Error("aborted by the suite");
        const controller = new AbortController();
        const { signal } = controller;
        const aborted = schedule(1, { signal });
        const others = [2, 3, 4].map((task) => schedule(task));
        await advance();
        assert.equal(batches.length, 1, "batches that run");
        controller.abort(reason);
        assert.equal(await refusal(() => aborted), reason);
        batches[0]?.end.resolve();
        const outcomes = await settled(others);
        for (const [i, outcome] of outcomes.entries()) {
          assert.deepEqual(outcome, { status: "fulfilled", value: resultOf(i + 2) });
        }
        assert.equal(getEventListeners(signal, "abort").length, 0, "listeners on the signal");
      }),

    "B9 a task whose deadline has passed rejects with TASK_DEADLINE_EXCEEDED and is never run":
      () =>
        withScheduler(
          options,
          { batchTimeoutMs: 100 },
          async ({ schedule, clock, batches, settled }) => {
            await clock.advance(50);
            const late = await refusal(() => schedule(1, { deadlineAtMs: 49 }));
            assertReason(late, "DEADLINE_EXCEEDED", "TASK_DEADLINE_EXCEEDED");
            const call = schedule(2, { deadlineAtMs: 60 });
            let outcome: unknown = "waiting";
            call.catch((error: unknown) => {
              outcome = error;
            });
            await clock.advance(9);
            assert.equal(outcome, "waiting", "1 ms before the deadline");
            await clock.advance(2);
            assertReason(outcome, "DEADLINE_EXCEEDED", "TASK_DEADLINE_EXCEEDED");
            await settled([schedule(3)]);
            assert.deepEqual(
              batches.map(({ tasks }) => tasks),
              [[3]],
              "batches",
            );
          },
        ),
  };
}

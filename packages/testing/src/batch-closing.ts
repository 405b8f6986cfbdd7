import assert from "node:assert/strict";
import {
  assertReason,
  type BatchSchedulerConformanceOptions,
  withScheduler,
} from "./batch-scheduler-kit.js";
import type { Tests } from "./suite.js";
import { turn } from "./turn.js";
import { DEFAULT_TIMEOUT_MS, rejectionOf } from "./waiting.js";

/** The clauses about closing: B10. */
export function closingClauses(options: BatchSchedulerConformanceOptions): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  // "At once" means that no time passes on the clock.
  const refusal = (call: () => Promise<unknown>) => rejectionOf(call, timeoutMs, "schedule");

  return {
    "B10 close rejects new tasks and runs queued tasks without waiting for the timeout": () =>
      withScheduler(
        options,
        {},
        async ({ scheduler, schedule, hang, advance, batches, settled }) => {
          hang();
          const calls = [1, 2].map((task) => schedule(task));
          let isClosed = false;
          const closed = scheduler.close();
          void closed.then(() => {
            isClosed = true;
          });
          assert.equal(scheduler.close(), closed, "the promise of a second close");
          assertReason(await refusal(() => schedule(3)), "UNAVAILABLE", "BATCH_QUEUE_CLOSED");
          await advance();
          assert.deepEqual(
            batches.map(({ tasks }) => tasks),
            [[1, 2]],
            "batches that run",
          );
          assert.ok(!isClosed, "expected close to wait for the batch");
          batches[0]?.end.resolve();
          const outcomes = await settled(calls);
          assert.deepEqual(
            outcomes.map(({ status }) => status),
            ["fulfilled", "fulfilled"],
          );
          await turn();
          assert.ok(isClosed, "expected close to end with the last batch");
          assertReason(await refusal(() => schedule(3)), "UNAVAILABLE", "BATCH_QUEUE_CLOSED");
        },
      ),

    "B10 when the signal of close aborts, what has not settled rejects with BATCH_QUEUE_CLOSED":
      () =>
        withScheduler(options, {}, async ({ scheduler, schedule, hang, advance, clock }) => {
          hang();
          const calls = [1, 2, 3, 4, 5].map((task) => schedule(task));
          const outcomes = Promise.allSettled(calls);
          await advance();
          const controller = new AbortController();
          const closed = scheduler.close({ signal: controller.signal });
          await advance();
          controller.abort();
          await closed;
          for (const outcome of await outcomes) {
            assert.ok(outcome.status === "rejected", "expected a rejection");
            assertReason(outcome.reason, "UNAVAILABLE", "BATCH_QUEUE_CLOSED");
          }
          assert.equal(clock.pending, 0, "timers held after close");
        }),
  };
}

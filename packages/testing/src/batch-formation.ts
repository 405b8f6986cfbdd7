import assert from "node:assert/strict";
import {
  assertReason,
  type BatchSchedulerConformanceOptions,
  type BatchSchedulerSubject,
  resultOf,
  withScheduler,
} from "./batch-scheduler-kit.js";
import type { Tests } from "./suite.js";
import { turn } from "./turn.js";
import { DEFAULT_TIMEOUT_MS, rejectionOf } from "./waiting.js";

/** The clauses about the tasks of a batch, and its start: B1 to B4, B7, B8, B11 and B12. */
export function formationClauses(options: BatchSchedulerConformanceOptions): Tests {
  const { hasPriorities = true, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const sizes = [1, 3, 2, 4, 1, 1, 1, 1, 2, 3, 4, 4, 1, 2, 1, 3];
  const mixed = (test: (subject: BatchSchedulerSubject) => Promise<void>) => () =>
    withScheduler(options, {}, async (subject) => {
      const calls = sizes.map((size, task) => subject.schedule(task, { size }));
      const outcomes = await subject.settled(calls);
      for (const [task, outcome] of outcomes.entries()) {
        assert.deepEqual(outcome, { status: "fulfilled", value: resultOf(task) });
      }
      await test(subject);
    });

  return {
    "B1 every task is run once and settles with its own result": mixed(async (subject) => {
      const { scheduler, clock } = subject;
      const tasks = subject.ran().flat();
      assert.deepEqual(
        tasks.toSorted((a, b) => a - b),
        [...sizes.keys()],
        "tasks that were run",
      );
      assert.equal(scheduler.numEnqueuedTasks, 0, "tasks that wait at the end");
      assert.equal(clock.pending, 0, "timers held while nothing is scheduled");
    }),

    "B2 the sizes of a batch sum to maxBatchSize at most, and no batch is empty": mixed(
      async ({ batches }) => {
        for (const { tasks, context } of batches) {
          const sum = tasks.reduce((total, task) => total + (sizes[task] ?? 0), 0);
          assert.ok(sum >= 1 && sum <= 4, `expected a batch of 1 to 4; got ${sum}`);
          assert.equal(context.size, sum, "size of the batch");
          assert.deepEqual(
            [...context.sizes],
            tasks.map((task) => sizes[task]),
            "sizes of tasks",
          );
        }
      },
    ),

    "B3 tasks are batched in order of arrival": mixed(async (subject) => {
      assert.deepEqual(subject.ran().flat(), [...sizes.keys()]);
    }),

    "B4 a batch that is not full starts when its oldest task has waited batchTimeoutMs": () =>
      withScheduler(options, {}, async ({ schedule, advance, batches, settled }) => {
        const calls = [schedule(1)];
        await advance(6);
        calls.push(schedule(2));
        await advance(3);
        assert.deepEqual(batches.length, 0, "batches begun after 9 ms");
        await advance(1);
        assert.deepEqual(
          batches.map(({ tasks }) => tasks),
          [[1, 2]],
        );
        await settled(calls);
      }),

    "B4 a full batch starts when a slot is free": () =>
      withScheduler(options, {}, async ({ schedule, advance, ran, hang, batches, settled }) => {
        hang();
        const calls = [1, 2, 3, 4, 5, 6, 7, 8].map((task) => schedule(task));
        await advance();
        assert.deepEqual(ran(), [[1, 2, 3, 4]], "batches while the only slot is taken");
        batches[0]?.end.resolve();
        await turn();
        await advance();
        assert.deepEqual(
          ran(),
          [
            [1, 2, 3, 4],
            [5, 6, 7, 8],
          ],
          "batches when the slot is free",
        );
        batches[1]?.end.resolve();
        await settled(calls);
      }),

    'B4 with timing "idle-first" a lone task never waits': () =>
      withScheduler(
        options,
        { timing: "idle-first", batchTimeoutMs: Number.POSITIVE_INFINITY },
        async ({ schedule, advance, ran, settled }) => {
          const call = schedule(1);
          await advance();
          assert.deepEqual(ran(), [[1]]);
          await settled([call]);
        },
      ),

    "B4 the batch function is never called within schedule: the tasks of one turn meet": () =>
      withScheduler(
        options,
        { timing: "idle-first" },
        async ({ schedule, advance, ran, settled }) => {
          const calls = [1, 2, 3].map((task) => schedule(task));
          assert.deepEqual(ran(), [], "batches begun within schedule");
          await advance();
          assert.deepEqual(ran(), [[1, 2, 3]]);
          await settled(calls);
        },
      ),

    "B7 a batch function that throws rejects every task of its batch, and no other": async () => {
      const failure = new Error("thrown by the suite's batch function");
      const run = async (tasks: readonly number[]) => {
        if (tasks.includes(1)) throw failure;
        return tasks.map(resultOf);
      };
      await withScheduler(options, { run }, async ({ schedule, settled }) => {
        const failing = [1, 2, 3, 4].map((task) => schedule(task));
        await settled(failing);
        const outcomes = await settled([...failing, schedule(5)]);
        const rejected = { status: "rejected", reason: failure };
        assert.deepEqual(outcomes.slice(0, 4), [rejected, rejected, rejected, rejected]);
        assert.deepEqual(outcomes[4], { status: "fulfilled", value: resultOf(5) });
      });
    },

    "B7 an Error in place of one result rejects that one task": async () => {
      const failure = new Error("given by the suite's batch function");
      const run = (tasks: readonly number[]) =>
        tasks.map((task) => (task === 2 ? failure : resultOf(task)));
      await withScheduler(options, { run }, async ({ schedule, settled }) => {
        const outcomes = await settled([1, 2, 3].map((task) => schedule(task)));
        assert.deepEqual(
          outcomes.map((o) => (o.status === "fulfilled" ? o.value : o.reason)),
          [resultOf(1), failure, resultOf(3)],
        );
      });
    },

    "B8 another number of results rejects every task with BATCH_RESULT_LENGTH": async () => {
      for (const count of [0, 2, 17]) {
        const run = () => Array.from({ length: count }, () => 1);
        await withScheduler(options, { run }, async ({ schedule, settled }) => {
          const outcomes = await settled([1, 2, 3].map((task) => schedule(task)));
          for (const outcome of outcomes) {
            assert.ok(outcome.status === "rejected", `expected a rejection for ${count} results`);
            assertReason(outcome.reason, "INTERNAL", "BATCH_RESULT_LENGTH");
            for (const number of [3, count]) {
              const { message } = outcome.reason as Error;
              assert.match(message, new RegExp(`\\b${number}\\b`), "both numbers in the message");
            }
          }
        });
      }
    },

    [`B11 ${hasPriorities ? "a task of a more urgent level is batched first" : "(as declared) it has one level of priority"}`]:
      () =>
        withScheduler(
          options,
          { priorityLevels: hasPriorities ? 2 : 1 },
          async ({ schedule, hang, advance, batches, settled }) => {
            if (!hasPriorities) {
              const refused = async () => schedule(1, { priority: 1 });
              const error = await rejectionOf(refused, timeoutMs, "a priority of 1");
              assert.ok(error instanceof RangeError, `expected a RangeError; got ${error}`);
              return;
            }
            hang();
            const calls = [0, 0, 0, 0].map((task) => schedule(task, { priority: 1 }));
            await advance();
            for (const task of [5, 6, 7, 8]) calls.push(schedule(task, { priority: 1 }));
            for (const task of [1, 2, 3, 4]) calls.push(schedule(task, { priority: 0 }));
            for (const i of [0, 1, 2]) {
              batches[i]?.end.resolve();
              await advance(20);
            }
            const ran = batches.map(({ tasks }) => tasks);
            assert.deepEqual(ran, [
              [0, 0, 0, 0],
              [1, 2, 3, 4],
              [5, 6, 7, 8],
            ]);
            await settled(calls);
          },
        ),

    "B12 only tasks that join the first of a batch run in it, and the others keep their places":
      () => {
        const joins = (first: number, task: number) => first % 3 === task % 3;
        return withScheduler(options, { joins }, async ({ schedule, ran, settled }) => {
          const tasks = [0, 3, 1, 6, 4, 2, 9, 12, 7, 15, 5];
          const outcomes = await settled(tasks.map((task) => schedule(task)));
          assert.deepEqual(
            outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value),
            tasks.map(resultOf),
            "results",
          );
          assert.deepEqual(ran(), [
            [0, 3, 6, 9],
            [1, 4, 7],
            [2, 5],
            [12, 15],
          ]);
        });
      },
  };
}

import { batch } from "@serving-kit/batching";
import { tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { ask, noNumpy, noPython, open } from "./support.js";

// 20 crashes among 2,000 calls; a part of them where time is short.
const CALLS = Number(process.env.SERVING_KIT_CALLS ?? 400);
const EVERY = 100;
const CALLERS = 8;
const DEADLINE_MS = 30_000;

/** Makes the calls of several callers, and returns the outcomes; a call that ended after its deadline is late. */
async function underLoad(make: (i: number, deadlineAtMs: number) => Promise<unknown>) {
  const outcomes = { answered: 0, died: 0, others: [] as unknown[], late: 0 };
  let next = 0;
  const caller = async () => {
    while (next < CALLS) {
      const deadlineAtMs = performance.now() + DEADLINE_MS;
      try {
        await make(next++, deadlineAtMs);
        outcomes.answered++;
      } catch (error) {
        const { reason } = error as { reason?: string };
        if (reason === "PYTHON_WORKER_DIED") outcomes.died++;
        else outcomes.others.push(error);
      }
      if (performance.now() > deadlineAtMs + 1_000) outcomes.late++;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return outcomes;
}

const CRASHES = CALLS / EVERY;
const expected = { answered: CALLS - CRASHES, died: CRASHES, others: [], late: 0 };

describe.skipIf(noPython)(
  `${CRASHES} crashes among ${CALLS} calls${noPython ? ` (skipped: ${noPython})` : ""}`,
  () => {
    it("fail as many calls", async () => {
      const model = await open("crashes.py", { workers: 2 });
      const outcomes = await underLoad((i, deadlineAtMs) =>
        ask(model, { do: i % EVERY === 50 ? "segfault" : "neighbour" }, { deadlineAtMs }),
      );
      expect(outcomes).toEqual(expected);
    }, 300_000);

    it.skipIf(noNumpy)(
      `fail as many calls, batched${noNumpy ? ` (skipped: ${noNumpy})` : ""}`,
      async () => {
        const model = await open("tensors.py", { workers: 2 });
        const batched = batch(model, { maxBatchSize: 8, slots: 2 });
        const outcomes = await underLoad(async (i, deadlineAtMs) => {
          // 666 is what the module crashes at.
          const value = i % EVERY === 50 ? 666 : i % 500;
          const { sum } = await batched.predict(
            { x: tensor("float32", [1, 3], [value, 1, 2]) },
            { deadlineAtMs },
          );
          expect(sum?.data).toEqual(Float32Array.of(value + 3));
        });
        expect(outcomes).toEqual(expected);
      },
      300_000,
    );
  },
);

import { deferred, FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { createBatchQueue } from "./batch-queue.js";
import { CoreUse } from "./core-use.js";

/** A clock whose CPU time advances by `cores` for each ms. */
class CpuClock extends FakeClock {
  cores = 1;
  #spentMs = 0;
  #sinceMs = 0;

  get cpuMs(): number {
    this.#spentMs += this.cores * (this.now() - this.#sinceMs);
    this.#sinceMs = this.now();
    return this.#spentMs;
  }
}

async function limitAfter(cores: number, machine: number): Promise<number> {
  const clock = new CpuClock();
  const use = new CoreUse(clock, machine);
  clock.cores = cores;
  use.started(1, true);
  await clock.advance(10);
  use.ended(1, 2, 10);
  return use.limit;
}

it.each([
  [1, 2, 2],
  [1.4, 2, 2],
  [1.6, 2, 1],
  [2, 2, 1],
  [0.01, 2, 200],
  [1, 64, 64],
  [16, 64, 4],
  [60, 64, 1],
])("lets batches that use %d of %d cores run %d at a time", async (cores, machine, limit) => {
  expect(await limitAfter(cores, machine)).toBe(limit);
});

it("does not limit batches if the clock knows no CPU time", () => {
  expect(new CoreUse(new FakeClock(), 2).limit).toBe(Number.POSITIVE_INFINITY);
});

it("lets one batch run at a time until one was measured, or 8 had others at their side or one task", async () => {
  const clock = new CpuClock();
  clock.cores = 2;
  const use = new CoreUse(clock, 2);
  for (let i = 0; i < 4; i++) {
    expect(use.limit).toBe(1);
    use.started(2 * i, true);
    use.ended(2 * i + 1, 2, 10); // Another batch has started meanwhile.
    use.started(2 * i, true);
    use.ended(2 * i, 1, 10);
  }
  expect(use.limit).toBe(Number.POSITIVE_INFINITY);
  use.started(100, true);
  await clock.advance(10);
  use.ended(100, 2, 10); // It was alone by chance.
  expect(use.limit).toBe(1);
});

/** Two slots, and batches of 10 ms. */
async function running(cores: number) {
  const clock = new CpuClock();
  clock.cores = cores;
  const open: (() => void)[] = [];
  let most = 0;
  const queue = createBatchQueue<string, string>(
    (tasks) => {
      const { promise, resolve } = deferred<string[]>();
      open.push(() => resolve([...tasks]));
      most = Math.max(most, open.length);
      return promise;
    },
    { clock, slots: 2, maxBatchSize: 4 },
  );
  for (let i = 0; i < 40; i++) void queue.schedule(String(i));
  const maximums: number[] = [];
  while (queue.stats().numEnqueuedTasks + queue.stats().numRunningTasks > 0) {
    await clock.advance(10);
    open.shift()?.();
    await clock.advance();
    maximums.push(open.length);
  }
  return { most, last: maximums.slice(3, 6) };
}

it("B4 is not stopped by a run that hangs, nor if a deadline is close", async () => {
  const { availableParallelism } = await import("node:os");
  const clock = new CpuClock();
  clock.cores = availableParallelism();
  const batches: string[][] = [];
  const open: (() => void)[] = [];
  const queue = createBatchQueue<string, string>(
    (tasks) => {
      const { promise, resolve } = deferred<string[]>();
      batches.push([...tasks]);
      open.push(() => resolve([...tasks]));
      return promise;
    },
    { clock, slots: 3, maxBatchSize: 2 },
  );
  const start = async (tasks: string, options = {}) => {
    for (const task of tasks) void queue.schedule(task, options).catch(() => {});
    await clock.advance();
  };
  for (const tasks of ["ab", "cd", "ef"]) {
    await start(tasks);
    await clock.advance(10);
    open.shift()?.();
    await clock.advance();
  }
  await start("gh"); // hangs
  await start("ij");
  await clock.advance(39);
  expect(batches.at(-1)).toEqual(["g", "h"]);
  await clock.advance(1);
  expect(batches.at(-1)).toEqual(["i", "j"]);
  await start("k", { deadlineAtMs: clock.now() + 15 });
  expect(batches.at(-1)).toEqual(["k"]);
});

it("B4 runs batches that use all cores one at a time, and others on all slots", async () => {
  const { availableParallelism } = await import("node:os");
  const cores = availableParallelism();
  expect((await running(cores)).last).toEqual([1, 1, 1]);
  expect((await running(cores / 2)).last).toEqual([2, 2, 2]);
});

import type { BatchFunction } from "@serving-kit/batching";
import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.js";
import { PuppetBatchScheduler } from "./puppet-batch-scheduler.js";

const double: BatchFunction<number, number> = (tasks) => tasks.map((task) => task * 2);

describe("PuppetBatchScheduler", () => {
  it("runs nothing until called, and then the given number of tasks, oldest first", async () => {
    const sizes: (readonly number[])[] = [];
    const puppet = new PuppetBatchScheduler<number, number>((tasks, context) => {
      sizes.push(context.sizes);
      return double(tasks, context);
    });
    const results = [1, 2, 3].map((task) => puppet.schedule(task, { size: task }));
    expect([puppet.tasks, sizes]).toEqual([[1, 2, 3], []]);
    await puppet.process(2);
    expect([puppet.tasks, sizes]).toEqual([[3], [[1, 2]]]);
    await puppet.process();
    await puppet.process();
    expect(await Promise.all(results)).toEqual([2, 4, 6]);
    expect(puppet.stats()).toMatchObject({
      batches: 2,
      batchedSize: 6,
      batchSizes: [{ size: 3, count: 2 }],
      succeeded: 3,
      numEnqueuedTasks: 0,
      numRunningTasks: 0,
    });
  });

  it("immediately rejects tasks that abort or come too late, and leaves no timer", async () => {
    const clock = new FakeClock();
    const puppet = new PuppetBatchScheduler<number, number>(double, { clock });
    const controller = new AbortController();
    const aborted = puppet.schedule(1, { signal: controller.signal });
    const late = puppet.schedule(2, { deadlineAtMs: 5 });
    const stays = puppet.schedule(3, { deadlineAtMs: 50 });
    late.catch(() => {});
    controller.abort("enough");
    await expect(aborted).rejects.toBe("enough");
    await clock.advance(5);
    await expect(late).rejects.toMatchObject({ reason: "TASK_DEADLINE_EXCEEDED" });
    expect(puppet.tasks).toEqual([3]);
    await puppet.process();
    expect([await stays, clock.pending]).toEqual([6, 0]);
    expect(puppet.stats()).toMatchObject({ aborted: 1, expired: 1, succeeded: 1 });
  });

  it("runs what waits when it is closed", async () => {
    const puppet = new PuppetBatchScheduler<number, number>(double);
    const result = puppet.schedule(1);
    await puppet.close();
    expect(await result).toBe(2);
    await expect(puppet.schedule(1)).rejects.toMatchObject({ reason: "BATCH_QUEUE_CLOSED" });
  });
});

import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { SharedSlots } from "./shared-slots.js";

/** A scheduler with named queues whose batches take 10 ms, and the batches in order of their start. */
function recordingScheduler(slots: number) {
  const clock = new FakeClock();
  const scheduler = new SharedSlots({ slots, clock });
  const batches: string[] = [];
  const addQueue = (name: string, maxBatchSize = 2, maxEnqueuedBatches = 10) =>
    scheduler.addQueue<number, number>(
      (tasks) => {
        batches.push(`${name}${tasks}`);
        return new Promise((resolve) => clock.setTimeout(() => resolve(tasks), 10));
      },
      { maxBatchSize, maxEnqueuedBatches },
    );
  return { scheduler, clock, batches, addQueue };
}

describe("SharedSlots", () => {
  it("never puts tasks of two queues into one batch", async () => {
    const { clock, batches, addQueue } = recordingScheduler(2);
    const [a, b] = [addQueue("a"), addQueue("b")];
    void a.schedule(1);
    void b.schedule(1);
    await clock.advance();
    expect(batches).toEqual(["a1", "b1"]);
  });

  it("assigns free slots to the queues in turn, one batch at a time", async () => {
    const { clock, batches, addQueue } = recordingScheduler(1);
    const [a, b, c] = [addQueue("a"), addQueue("b"), addQueue("c")];
    for (let i = 0; i < 6; i++) void a.schedule(i);
    for (let i = 0; i < 3; i++) void b.schedule(i);
    await clock.advance();
    void c.schedule(9);
    await clock.advance(100);
    expect(batches).toEqual(["a0,1", "b0,1", "a2,3", "c9", "b2", "a4,5"]);
  });

  it("runs as many batches at a time as it has slots, over all queues", async () => {
    const { scheduler, clock, addQueue } = recordingScheduler(3);
    const queues = ["a", "b"].map((name) => addQueue(name));
    for (let i = 0; i < 8; i++) for (const queue of queues) void queue.schedule(i);
    await clock.advance();
    expect(scheduler.numRunningBatches).toBe(3);
    await clock.advance(10);
    expect(scheduler.numRunningBatches).toBe(3);
  });

  it("a full queue does not stop another from accepting tasks", async () => {
    const { clock, addQueue } = recordingScheduler(1);
    const [a, b] = [addQueue("a", 1, 1), addQueue("b", 1, 1)];
    void a.schedule(0);
    await clock.advance();
    void a.schedule(1);
    await expect(a.schedule(2)).rejects.toMatchObject({ reason: "BATCH_QUEUE_FULL" });
    const other = b.schedule(3);
    await clock.advance(30);
    expect(await other).toBe(3);
  });

  it("a queue can be added and closed while others run; closing it drains it", async () => {
    const { scheduler, clock, batches, addQueue } = recordingScheduler(1);
    const a = addQueue("a");
    void a.schedule(1);
    await clock.advance();
    const b = addQueue("b");
    const tasks = Promise.all([b.schedule(1), b.schedule(2), b.schedule(3)]);
    const closed = b.close();
    await clock.advance(100);
    await closed;
    expect(await tasks).toEqual([1, 2, 3]);
    expect(batches).toEqual(["a1", "b1,2", "b3"]);
    void a.schedule(4);
    await clock.advance(10);
    expect(batches.at(-1)).toBe("a4");
    await scheduler.close();
    expect(clock.pending).toBe(0);
  });

  it("slots can be changed while batches run", async () => {
    const { scheduler, clock, addQueue } = recordingScheduler(1);
    const a = addQueue("a", 1);
    for (let i = 0; i < 6; i++) void a.schedule(i);
    await clock.advance();
    expect(scheduler.numRunningBatches).toBe(1);
    scheduler.slots = 3;
    await clock.advance();
    expect(scheduler.numRunningBatches).toBe(3);
    scheduler.slots = 1;
    expect(scheduler.numRunningBatches).toBe(3);
    await clock.advance(10);
    expect(scheduler.numRunningBatches).toBe(1);
    expect(() => {
      scheduler.slots = 0;
    }).toThrow("slots must be an integer >= 1; got 0");
  });

  it("yields to the event loop, even if many batches could start", async () => {
    let now = 0;
    const immediates: (() => void)[] = [];
    const scheduler = new SharedSlots({
      slots: 1,
      clock: {
        now: () => now,
        setTimeout: () => ({ [Symbol.dispose]() {} }),
        setImmediate(callback) {
          immediates.push(callback);
          return { [Symbol.dispose]() {} };
        },
      },
    });
    let batches = 0;
    const queue = scheduler.addQueue<number, number>(
      (tasks) => {
        batches++;
        now += 0.4;
        return tasks;
      },
      { maxBatchSize: 1, maxEnqueuedBatches: 100 },
    );
    for (let i = 0; i < 10; i++) void queue.schedule(i);
    immediates.shift()?.();
    expect(batches).toBe(3);
    immediates.shift()?.();
    expect(batches).toBe(6);
  });

  it("close closes every queue", async () => {
    const { scheduler, clock, addQueue } = recordingScheduler(1);
    const queues = ["a", "b"].map((name) => addQueue(name));
    const tasks = Promise.all(queues.map((queue) => queue.schedule(1)));
    const closed = scheduler.close();
    await clock.advance(20);
    await closed;
    expect(await tasks).toEqual([1, 1]);
    await expect(queues[0]?.schedule(1)).rejects.toMatchObject({ reason: "BATCH_QUEUE_CLOSED" });
  });
});

import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { nextLimit, startLimit } from "./adaptive-limit.js";
import { AdaptiveSlots } from "./adaptive-slots.js";

/** Climbs on a latency that depends only on the limit. */
function climb(
  latency: (limit: number) => number,
  from: number,
  steps: number,
  max = 64,
): number[] {
  const limits: number[] = [];
  let state = startLimit(from);
  for (let i = 0; i < steps; i++) {
    state = nextLimit(state, latency(state.limit), 1, max);
    limits.push(state.limit);
  }
  return limits;
}

describe("nextLimit", () => {
  it.each([
    [3, 12],
    [40, 12],
    [12, 12],
    [64, 5],
  ])("from %d finds the best limit near %d and stays there", (from, best) => {
    const limits = climb((limit) => 10 + (limit - best) ** 2, from, 300).slice(-20);
    for (const limit of limits) expect(Math.abs(limit - best)).toBeLessThan(0.15 * best);
  });

  it("stays within its bounds", () => {
    expect(Math.max(...climb((limit) => -limit, 3, 100, 8))).toBe(8);
    expect(Math.min(...climb((limit) => limit, 3, 100))).toBe(1);
  });

  it("turns back after a step that made it worse", () => {
    const better = nextLimit(startLimit(4), 10, 1, 64);
    expect(better).toMatchObject({ limit: 4.5, direction: 1, hasImproved: true });
    const worse = nextLimit(better, 12, 1, 64);
    expect(worse).toMatchObject({ direction: -1, hasImproved: false });
    expect(worse.limit).toBeLessThan(better.limit);
  });
});

describe("AdaptiveSlots", () => {
  it("learns that one slot is best if batches slow each other down", async () => {
    const clock = new FakeClock();
    const scheduler = new AdaptiveSlots({
      maxSlots: 8,
      initialSlots: 6,
      batchesToAverageOver: 10,
      clock,
    });
    const queue = scheduler.addQueue<number, number>(
      (tasks) => {
        const runMs = 4 * scheduler.numRunningBatches ** 2;
        return new Promise((resolve) => clock.setTimeout(() => resolve(tasks), runMs));
      },
      { maxBatchSize: 4, maxEnqueuedBatches: 100 },
    );
    for (let round = 0; round < 150; round++) {
      for (let i = 0; i < 40; i++) void queue.schedule(i);
      const closed = clock.advance(400);
      await closed;
    }
    expect(scheduler.inFlightBatchesLimit).toBeLessThan(2);
    await scheduler.close();
  });

  it("grants a fraction of a slot as a whole slot for that fraction of the time", async () => {
    const clock = new FakeClock();
    const scheduler = new AdaptiveSlots({
      maxSlots: 4,
      initialSlots: 2,
      batchesToAverageOver: 1,
      clock,
    });
    const seen = new Set<number>();
    const queue = scheduler.addQueue<number, number>(
      (tasks) => {
        seen.add(scheduler.numRunningBatches);
        return new Promise((resolve) => clock.setTimeout(() => resolve(tasks), 5));
      },
      { maxBatchSize: 1, maxEnqueuedBatches: 1000 },
    );
    for (let i = 0; i < 200; i++) void queue.schedule(i);
    await clock.advance(2000);
    expect(queue.numEnqueuedTasks).toBe(0);
    expect(Math.max(...seen)).toBeLessThanOrEqual(4);
    await scheduler.close();
  });

  it.each([
    { minSlots: 0 },
    { minSlots: 3, maxSlots: 2 },
    { maxSlots: 4, initialSlots: 5 },
    { maxSlots: 2.5 },
    { batchesToAverageOver: 0 },
  ])("rejects %j", (options) => {
    expect(() => new AdaptiveSlots(options)).toThrow(RangeError);
  });
});

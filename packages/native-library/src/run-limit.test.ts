import { describe, expect, it } from "vitest";
import { defaultRunLimit, RunLimit } from "./run-limit.js";

describe("RunLimit", () => {
  it("gives places at once while there are some", () => {
    const runs = new RunLimit(2);
    expect([runs.enter(), runs.enter()]).toEqual([undefined, undefined]);
    expect(runs).toMatchObject({ running: 2, waiting: 0 });
  });

  it("gives places to those who wait in the order of arrival, and never more than the limit", async () => {
    const runs = new RunLimit(1);
    const order: number[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (i) => {
        await runs.enter();
        expect(runs.running).toBe(1);
        order.push(i);
        await Promise.resolve();
        runs.leave();
      }),
    );
    expect(order).toEqual([0, 1, 2, 3]);
    expect(runs).toMatchObject({ running: 0, waiting: 0 });
  });

  it("lets no newcomer pass those who wait", async () => {
    const runs = new RunLimit(1);
    expect(runs.enter()).toBeUndefined();
    const first = runs.enter();
    runs.leave();
    expect(runs.enter()).toBeInstanceOf(Promise);
    await first;
    expect(runs).toMatchObject({ running: 1, waiting: 1 });
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses the limit %s", (limit) => {
    expect(() => new RunLimit(limit)).toThrow(RangeError);
  });

  it.each([
    [undefined, 3],
    ["", 3],
    ["nonsense", 3],
    ["0", 3],
    ["1", 1],
    ["8", 7],
    ["100000", 240],
  ])("is by default, with UV_THREADPOOL_SIZE %s, %s", (size, limit) => {
    expect(defaultRunLimit(size)).toBe(limit);
  });
});

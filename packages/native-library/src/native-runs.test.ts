import { describe, expect, it } from "vitest";
import { defaultRunLimit, NativeRuns } from "./native-runs.js";

describe("the limit of native runs", () => {
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

/** Acquires a place and returns whether it was free immediately. */
const acquired = (runs: NativeRuns) => runs.acquire() === undefined;

describe("NativeRuns", () => {
  it("NR1 admits as many runs as its limit; the others wait in order", async () => {
    const runs = new NativeRuns(2);
    expect([acquired(runs), acquired(runs)]).toEqual([true, true]);
    const order: string[] = [];
    const waiting = ["first", "second"].map((name) => runs.acquire()?.then(() => order.push(name)));
    expect(runs).toMatchObject({ held: 2, waiting: 2 });
    runs.release();
    runs.release();
    await Promise.all(waiting);
    expect(order).toEqual(["first", "second"]);
  });

  it("NR2 an abandoned run keeps its place while another one is left", () => {
    const runs = new NativeRuns(3);
    for (let i = 0; i < 3; i++) void runs.acquire();
    runs.abandon();
    runs.abandon();
    expect(acquired(runs)).toBe(false);
    expect(runs).toMatchObject({ held: 3, waiting: 1 });
  });

  it("NR3 leaves one place to a run that is not abandoned, and no more", () => {
    const runs = new NativeRuns(2);
    for (let i = 0; i < 2; i++) void runs.acquire();
    runs.abandon();
    runs.abandon();
    expect([acquired(runs), acquired(runs)]).toEqual([true, false]);
    expect(runs).toMatchObject({ held: 3, waiting: 1 });
    runs.release(true);
    expect(runs).toMatchObject({ held: 2, waiting: 1 });
    runs.release();
    expect(runs).toMatchObject({ held: 2, waiting: 0 });
  });
});

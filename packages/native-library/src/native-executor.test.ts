import { Semaphore } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { NativeExecutor } from "./native-executor.js";
import type { NativeFunction } from "./native-function.js";

/** A function that takes as long as it is told, and says where it ran. */
function fakeFunction(clock: { time: number }) {
  const pending: (() => void)[] = [];
  const fn = ((ms: number) => {
    clock.time += ms;
    return "inline";
  }) as unknown as NativeFunction;
  fn.async = (ms: number, done: (error: unknown, result: string) => void) => {
    pending.push(() => {
      clock.time += ms;
      if (ms < 0) done(new Error("failed"), "");
      else done(null, "thread");
    });
  };
  return { fn, pending };
}

function setUp(execution: "auto" | "thread" | "inline", limit = 2) {
  const clock = { time: 0, now: () => clock.time };
  const runs = new Semaphore(limit);
  const executor = new NativeExecutor({ execution, runs, clock });
  return { executor, runs, ...fakeFunction(clock) };
}

describe("NativeExecutor", () => {
  it("runs the first on a thread and the next inline when that was short", async () => {
    const { executor, fn, pending } = setUp("auto");
    const plan = executor.plan("[1]");
    const first = executor.run(plan, fn, 0.05);
    await Promise.resolve();
    pending.shift()?.();
    expect(await first).toBe("thread");
    expect(executor.run(plan, fn, 0.05)).toBe("inline");
  });

  it("keeps one plan for each kind of run", () => {
    const { executor } = setUp("auto");
    expect(executor.plan("[1]")).toBe(executor.plan("[1]"));
    expect(executor.plan("[1]")).not.toBe(executor.plan("[2]"));
  });

  it("forgets the plan that was unused longest beyond 1,024 kinds", () => {
    const { executor } = setUp("auto");
    const [first, second] = [executor.plan("a"), executor.plan("b")];
    for (let i = 0; i < 1_023; i++) {
      executor.plan("a");
      executor.plan(`${i}`);
    }
    expect(executor.plan("a")).toBe(first);
    expect(executor.plan("b")).not.toBe(second);
  });

  it("bounds the runs in flight", async () => {
    const { executor, runs, fn, pending } = setUp("thread");
    const plan = executor.plan("");
    const all = [1, 2, 3, 4].map((ms) => executor.run(plan, fn, ms));
    await Promise.resolve();
    expect(runs).toMatchObject({ held: 2, waiting: 2 });
    while (pending.length > 0) {
      pending.shift()?.();
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
    expect(await Promise.all(all)).toEqual(Array(4).fill("thread"));
    expect(runs).toMatchObject({ held: 0, waiting: 0 });
  });

  it("holds signals back while a run is on the loop, and lets them in when it throws", async () => {
    const seen: string[] = [];
    const signals = { hold: () => seen.push("hold"), release: () => seen.push("release") };
    const executor = new NativeExecutor({ execution: "inline", signals });
    const fn = (() => {
      seen.push("run");
      throw new Error("refused");
    }) as unknown as NativeFunction;
    expect(() => executor.run(executor.plan(""), fn)).toThrow("refused");
    expect(seen).toEqual(["hold", "run", "release"]);
  });

  it("gives the place back when a run cannot begin", async () => {
    const { executor, runs, fn } = setUp("thread");
    fn.async = () => {
      throw new Error("too many calls");
    };
    await expect(executor.run(executor.plan(""), fn)).rejects.toThrow("too many calls");
    expect(runs.held).toBe(0);
  });

  it("gives the place back when a run fails", async () => {
    const { executor, runs, fn, pending } = setUp("thread");
    const run = executor.run(executor.plan(""), fn, -1);
    await Promise.resolve();
    pending.shift()?.();
    await expect(run).rejects.toThrow("failed");
    expect(runs.held).toBe(0);
  });
});

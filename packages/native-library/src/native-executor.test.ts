import { FakeClock, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { NativeExecutor } from "./native-executor.js";
import type { NativeFunction } from "./native-function.js";
import { NativeRuns } from "./native-runs.js";

/** A clock that can also advance within a callback, as time does during a run. */
class RunClock extends FakeClock {
  #ran = 0;

  override now(): number {
    return super.now() + this.#ran;
  }

  run(ms: number): void {
    this.#ran += ms;
  }
}

/** A function that takes a given time, and reports where it ran. */
function fakeFunction(clock: RunClock) {
  const pending: (() => void)[] = [];
  const fn = ((ms: number) => {
    clock.run(ms);
    return "inline";
  }) as unknown as NativeFunction;
  fn.async = (ms: number, done: (error: unknown, result: string) => void) => {
    pending.push(() => {
      clock.run(ms);
      if (ms < 0) done(new Error("failed"), "");
      else done(null, "thread");
    });
  };
  return { fn, pending };
}

function setUp(execution: "auto" | "thread" | "inline", limit = 2) {
  const clock = new RunClock();
  const runs = new NativeRuns(limit);
  const executor = new NativeExecutor({ execution, runs, clock });
  return { executor, runs, clock, ...fakeFunction(clock) };
}

describe("NativeExecutor", () => {
  it("runs the first on a thread and the next inline when that was short", async () => {
    const { executor, fn, pending } = setUp("auto");
    const plan = executor.plan("[1]");
    const first = executor.run(plan, undefined, fn, 0.05);
    await Promise.resolve();
    pending.shift()?.();
    expect(await first).toBe("thread");
    expect(executor.run(plan, undefined, fn, 0.05)).toBe("inline");
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
    const { executor, runs, clock, fn, pending } = setUp("thread");
    const other = new NativeExecutor({ execution: "thread", runs, clock });
    const all = [executor, executor, other, other].map((one) =>
      one.run(one.plan(""), undefined, fn, 1),
    );
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
    expect(() => executor.run(executor.plan(""), undefined, fn)).toThrow("refused");
    expect(seen).toEqual(["hold", "run", "release"]);
  });

  it("releases the place when a run cannot start", async () => {
    const { executor, runs, fn } = setUp("thread");
    fn.async = () => {
      throw new Error("too many calls");
    };
    await expect(executor.run(executor.plan(""), undefined, fn)).rejects.toThrow("too many calls");
    expect(runs.held).toBe(0);
  });

  it("releases the place when a run fails", async () => {
    const { executor, runs, fn, pending } = setUp("thread");
    const run = executor.run(executor.plan(""), undefined, fn, -1);
    await Promise.resolve();
    pending.shift()?.();
    await expect(run).rejects.toThrow("failed");
    expect(runs.held).toBe(0);
  });

  it.each(["deadline", "signal"] as const)(
    "NR5 a run whose call ends by its %s is abandoned, and another one runs in its place",
    async (limit) => {
      const { executor, runs, clock, fn, pending } = setUp("thread", 1);
      const controller = new AbortController();
      const limits = limit === "deadline" ? { deadlineAtMs: 10 } : { signal: controller.signal };
      const long = executor.run(executor.plan(""), limits, fn, 1);
      const other = new NativeExecutor({ execution: "thread", runs, clock });
      const short = other.run(other.plan(""), undefined, fn, 1);
      await turn();
      expect(runs).toMatchObject({ held: 1, waiting: 1 });
      if (limit === "deadline") await clock.advance(10);
      else controller.abort(new Error("the client has gone"));
      await turn();
      expect(runs).toMatchObject({ held: 2, waiting: 0 });
      pending.pop()?.();
      expect(await short).toBe("thread");
      pending.pop()?.();
      expect(await long).toBe("thread");
      expect(runs).toMatchObject({ held: 0, waiting: 0 });
    },
  );

  it("NR5 a run that ends before its call is not abandoned", async () => {
    const { executor, runs, clock, fn, pending } = setUp("thread", 1);
    const run = executor.run(executor.plan(""), { deadlineAtMs: 10 }, fn, 1);
    pending.pop()?.();
    expect(await run).toBe("thread");
    await clock.advance(20);
    const other = new NativeExecutor({ execution: "thread", runs, clock });
    for (const one of [executor, other]) void one.run(one.plan(""), undefined, fn, 1);
    await turn();
    expect(runs).toMatchObject({ held: 1, waiting: 1 });
  });

  it("NR4 a servable whose runs never end takes no more threads than there are places", async () => {
    const { executor, runs, clock, fn, pending } = setUp("thread", 2);
    for (let i = 0; i < 5; i++) {
      void executor.run(executor.plan(""), { deadlineAtMs: clock.now() + 10 }, fn, 1);
      await clock.advance(20);
    }
    expect(runs).toMatchObject({ held: 2, waiting: 0 });
    const other = new NativeExecutor({ execution: "thread", runs, clock });
    const short = other.run(other.plan(""), undefined, fn, 1);
    await turn();
    pending.pop()?.();
    expect(await short).toBe("thread");
  });
});

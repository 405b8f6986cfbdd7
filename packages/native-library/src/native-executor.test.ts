import { FakeClock, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { registerLaneFunction } from "./lane-function.js";
import type { LaneRun } from "./lane-run.js";
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

describe("NativeExecutor with lanes", () => {
  /** An executor whose next run is expected to be short, and lanes that admit runs as the test says. */
  async function setUpLanes({ limit = 2, concurrency = 2 } = {}) {
    const base = setUp("thread");
    const runs: LaneRun[] = [];
    const state = { isOpen: true };
    const lanes = {
      limit,
      admits: () => state.isOpen,
      isOpenTo: () => state.isOpen,
      run: (run: LaneRun) => void runs.push(run),
    };
    registerLaneFunction(base.fn, 1n, "void *", ["double"]);
    const { clock } = base;
    const executor = new NativeExecutor({
      execution: "thread",
      runs: base.runs,
      lanes,
      concurrency,
      clock,
    });
    const plan = executor.plan("");
    const first = executor.run(plan, undefined, base.fn, 0.1);
    base.pending.shift()?.();
    await first;
    return { ...base, executor, plan, lanes: runs, state };
  }

  it("runs on a lane what was short, with the expected time, and learns from the lane's time", async () => {
    const { executor, plan, fn, lanes } = await setUpLanes();
    const run = executor.run(plan, undefined, fn, 5);
    expect(lanes).toMatchObject([{ args: [5], expectedMs: expect.closeTo(0.1) }]);
    lanes[0]?.ended(7n, 0.02);
    expect(await run).toBe(7n);
    expect(plan.shortMs).toBeCloseTo(0.09);
  });

  it.each([
    ["the lanes do not admit it", 5, false],
    ["an argument is neither a number nor memory", "5", true],
  ])("runs on the pool if %s", async (_, arg, isOpen) => {
    const { executor, plan, fn, lanes, pending, state } = await setUpLanes();
    state.isOpen = isOpen;
    const run = executor.run(plan, undefined, fn, arg);
    pending.shift()?.();
    expect(await run).toBe("thread");
    expect(lanes).toEqual([]);
  });

  it("runs on the pool what runs of its plan took too long for", async () => {
    const { executor, plan, fn, lanes, pending } = await setUpLanes();
    const long = executor.run(plan, undefined, fn, 1);
    lanes[0]?.ended(null, 5);
    await long;
    expect(plan.shortMs).toBeCloseTo(0.1875);
    plan.ranOnThread(5);
    expect(plan.shortMs).toBeUndefined();
    void executor.run(plan, undefined, fn, 1);
    expect([lanes.length, pending.length]).toEqual([1, 1]);
  });

  it("runs on the pool what a lane returns, and rejects what failed there", async () => {
    const { executor, plan, fn, lanes, pending } = await setUpLanes();
    const moved = executor.run(plan, undefined, fn, 1);
    const failed = executor.run(plan, undefined, fn, 1);
    lanes[0]?.withdrawn();
    lanes[1]?.failed(new Error("the thread ended"));
    pending.shift()?.();
    expect(await moved).toBe("thread");
    await expect(failed).rejects.toThrow("the thread ended");
  });

  it("NR5 a run on a lane keeps its turn when its call ends", async () => {
    const { executor, runs, clock, plan, fn, lanes } = await setUpLanes();
    const run = executor.run(plan, { deadlineAtMs: clock.now() + 10 }, fn, 1);
    await clock.advance(20);
    expect(runs).toMatchObject({ held: 0, waiting: 0 });
    lanes[0]?.ended(null, 0.1);
    expect(await run).toBeNull();
  });

  it("queues runs on lanes only if the servable may run on all of them at a time", async () => {
    const all = await setUpLanes({ limit: 2, concurrency: 2 });
    expect(all.executor.canQueue(all.plan)).toBe(true);
    all.state.isOpen = false;
    expect(all.executor.canQueue(all.plan)).toBe(false);
    const few = await setUpLanes({ limit: 2, concurrency: 1 });
    expect(few.executor.canQueue(few.plan)).toBe(false);
    expect(all.executor.canQueue(all.executor.plan("not measured"))).toBe(false);
  });
});

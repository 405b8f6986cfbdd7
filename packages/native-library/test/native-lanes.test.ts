import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { addressOf, nativeCallback } from "../src/index.js";
import { laneFunctionOf } from "../src/lane-function.js";
import { NativeLanes } from "../src/native-lanes.js";
import { SpinRest } from "../src/spin-rest.js";
import { callAtRandom, cFunction, LaneUser, startLanes } from "./lanes.js";

const skip = process.platform !== "linux" && process.platform !== "darwin";

describe.skipIf(skip)("NativeLanes", () => {
  const labs = cFunction("labs", "int64_t", "int64_t");
  const memset = cFunction("memset", "void *", "void *", "int", "size_t");
  const qsort = cFunction("qsort", "void", "void *", "size_t", "size_t", "void *");
  const usleep = cFunction("usleep", "int", "uint32_t");
  const open: NativeLanes[] = [];
  afterEach(() => Promise.all(open.splice(0).map((lanes) => lanes.close())));

  /** By default, a thread that gets no core for a while is not taken for one that is stuck. */
  async function started(limit = 1, checkMs = 20_000) {
    const lanes = new NativeLanes({ limit: () => limit, checkMs });
    open.push(lanes);
    const user = new LaneUser(lanes);
    await startLanes(lanes, user);
    return { lanes, user };
  }

  it("NL1 passes numbers, addresses and views, and returns numbers and addresses", async () => {
    const { user } = await started();
    expect(await user.run(labs, -5)).toBe(5);
    expect(await user.run(labs, -7n)).toBe(7);
    const bytes = new Uint8Array(64);
    expect(await user.run(memset, bytes, 3, 32)).toBe(addressOf(bytes));
    expect(bytes.filter((byte) => byte === 3)).toHaveLength(32);
    expect(await user.run(memset, addressOf(bytes), 4, 64n)).toBe(addressOf(bytes));
    expect([...bytes]).toEqual(Array(64).fill(4));
    expect(await user.run(memset, null, 0, 0)).toBeNull();
  });

  it("NL1 runs a function that calls back into this thread", async () => {
    const { user } = await started();
    using compare = nativeCallback((a: bigint, b: bigint) => (a < b ? 1 : -1), "int", [
      "uintptr_t",
      "uintptr_t",
    ]);
    const numbers = Int32Array.of(1, 2, 3);
    expect(await user.run(qsort, numbers, 3, 4, compare.pointer)).toBeUndefined();
    expect([...numbers].sort()).toEqual([1, 2, 3]);
  });

  it.each([
    ["a string", ["abc"]],
    ["an array", [[1]]],
    ["too few", []],
    ["an integer that a number cannot hold", [2n ** 60n]],
  ])("NL1 does not take %s as arguments", (_, args) => {
    expect(laneFunctionOf(labs, args)).toBeUndefined();
  });

  it("NL2 runs in the order in which it got the runs, also beyond its slots", async () => {
    const { user } = await started();
    const order: number[] = [];
    const runs = Array.from({ length: 1_000 }, (_, i) =>
      user.run(labs, -i).then((n) => order.push(n as number)),
    );
    await Promise.all(runs);
    expect(order).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  });

  it("NL3 servables take turns: a run does not wait for all runs of another servable", async () => {
    const { lanes } = await started();
    const [first, second] = [new LaneUser(lanes, 0.2), new LaneUser(lanes, 0.2)];
    const order: string[] = [];
    const many = Array.from({ length: 20 }, () =>
      first.run(labs, 1).then(() => order.push("first")),
    );
    await Promise.all([...many, second.run(labs, 1).then(() => order.push("second"))]);
    expect(order.indexOf("second")).toBeLessThanOrEqual(2);
  });

  it("NL4 NL5 moves the runs behind a run that takes long, and lets the lane run again after it", async () => {
    const { lanes, user } = await started(1, 10);
    const other = new LaneUser(lanes);
    const long = user.run(usleep, 300_000);
    const behind = [user.run(labs, -1), other.run(labs, -2)];
    expect(await Promise.all(behind)).toEqual(["withdrawn", "withdrawn"]);
    expect(user.queue.overdue).toBe(1);
    expect([user, other].map(({ queue }) => lanes.isOpenTo(queue))).toEqual([false, false]);
    expect(await other.run(labs, -3)).toBe("withdrawn");
    expect(await long).toBe(0);
    expect(user.queue.overdue).toBe(0);
    expect(await user.run(labs, -4)).toBe(4);
  });

  it("NL5 only the servable whose run takes long gets no lane, if another lane is free", async () => {
    const { lanes, user } = await started(2, 10);
    const other = new LaneUser(lanes, 0.15);
    await Promise.all(Array.from({ length: 1_002 }, () => other.run(labs, 1)));
    await vi.waitUntil(() => lanes.ready === 2);
    const long = user.run(usleep, 300_000);
    await vi.waitUntil(() => user.queue.overdue === 1);
    expect([user, other].map(({ queue }) => lanes.isOpenTo(queue))).toEqual([false, true]);
    expect(await other.run(labs, -2)).toBe(2);
    await long;
  });

  it("NL6 loses no wake-up in 100,000 runs by 1, 4, 16 and 300 callers, with pauses at random", async () => {
    const { user } = await started(2);
    expect(await callAtRandom(user, 100_000)).toBe(0);
  }, 60_000);

  it("NL7 close withdraws the runs that have not started, and waits for the others", async () => {
    const { lanes, user } = await started();
    const events: string[] = [];
    const note = (event: string) => () => events.push(event);
    let closing: Promise<unknown> | undefined;
    using compare = nativeCallback(
      () => {
        closing ??= lanes.close().then(note("closed"));
        return 0;
      },
      "int",
      ["uintptr_t", "uintptr_t"],
    );
    const running = user.run(qsort, Int32Array.of(1, 2), 2, 4, compare.pointer);
    const waiting = Array.from({ length: 300 }, () => user.run(labs, -1));
    const results = Promise.all(waiting).then((all) => events.push(...new Set(all as string[])));
    expect(await running.then(note("ended"))).toBeDefined();
    await results;
    await closing;
    expect(events).toEqual(["withdrawn", "ended", "closed"]);
    expect(lanes.ready).toBe(0);
    expect(await user.run(labs, -1)).toBe("withdrawn");
  });

  it("NL7 a run whose thread ends fails, and the lanes run nothing more", async () => {
    const unref = vi.spyOn(Worker.prototype, "unref");
    const { lanes, user } = await started();
    const [worker] = unref.mock.contexts as Worker[];
    unref.mockRestore();
    const end = () => {
      void worker?.terminate();
      return 0;
    };
    using compare = nativeCallback(end, "int", ["uintptr_t", "uintptr_t"]);
    const running = user.run(qsort, Int32Array.of(1, 2), 2, 4, compare.pointer);
    await expect(running).rejects.toThrow("the thread of a lane ended during the run");
    expect(lanes.ready).toBe(0);
    expect(await user.run(labs, -1)).toBe("withdrawn");
  });

  it("NL8 a lane without runs falls asleep", async () => {
    const { lanes, user } = await started();
    for (let i = 0; i < 100; i++) await user.run(labs, -i);
    await vi.waitUntil(() => lanes.asleep === 1);
  });

  it("NL9 starts after 1,000 runs in close succession, and takes no run after a pause", async () => {
    const lanes = new NativeLanes({ limit: () => 1 });
    open.push(lanes);
    const user = new LaneUser(lanes);
    let now = 0;
    const admitsAfter = (ms: number) => {
      now += ms;
      return lanes.admits(user.queue, now);
    };
    for (let i = 0; i < 5_000; i++) admitsAfter(2);
    for (let i = 0; i < 999; i++) admitsAfter(0.1);
    expect(lanes.isStarted).toBe(false);
    admitsAfter(0.1);
    expect(lanes.isStarted).toBe(true);
    await vi.waitUntil(() => lanes.ready === 1);
    expect(admitsAfter(2)).toBe(false);
    expect(admitsAfter(0.1)).toBe(true);
  });

  it("NL9 on a loaded machine takes only many runs", async () => {
    const resting = vi.spyOn(SpinRest.prototype, "isOn").mockReturnValue(true);
    const { lanes, user } = await started();
    let now = 1e6;
    const admits = (waiting: number) => {
      now += 0.1;
      return lanes.admits(user.queue, now, waiting);
    };
    admits(0);
    expect([admits(7), admits(8)]).toEqual([false, true]);
    resting.mockReturnValue(false);
    expect(admits(0)).toBe(true);
    resting.mockRestore();
  });
});

import { deferred, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { LimitedRuns } from "./limited-runs.js";

/** A call: the function that its run calls. */
type Call = () => unknown;
const limited = (limit: number, onTurn: (call: Call) => void = () => {}) =>
  new LimitedRuns<Call, unknown>({ limit, run: (call) => call(), onTurn });

describe("LimitedRuns", () => {
  it("runs in this turn if there is a place, and returns what the run returns", async () => {
    const runs = limited(1);
    expect(runs.run(() => 1)).toBe(1);
    expect(await runs.run(async () => 2)).toBe(2);
    expect(runs.idle()).toBeUndefined();
  });

  it("starts no more than the limit; the others in the order of arrival, after onTurn", async () => {
    const events: string[] = [];
    const runs = limited(2, (call) => events.push(`turn ${call.name}`));
    const gates = [deferred<string>(), deferred<string>()];
    const results = gates.map((gate) => runs.run(() => gate.promise));
    function c() {
      events.push("run c");
      return "c";
    }
    function d() {
      events.push("run d");
      return "d";
    }
    for (const call of [c, d]) results.push(runs.run(call));
    await turn();
    expect(events).toEqual([]);
    gates[1]?.resolve("b");
    await turn();
    expect(events).toEqual(["turn c", "run c", "turn d", "run d"]);
    gates[0]?.resolve("a");
    expect(await Promise.all(results)).toEqual(["a", "b", "c", "d"]);
  });

  it("frees the place of a run that throws or rejects, and of one that is rejected in its turn", async () => {
    const runs = limited(1, () => {
      throw new Error("too late");
    });
    const fail = () => {
      throw new Error("failed");
    };
    expect(() => runs.run(fail)).toThrow("failed");
    await expect(runs.run(async () => fail())).rejects.toThrow("failed");
    const gate = deferred<void>();
    const first = runs.run(() => gate.promise);
    let hasRun = false;
    const refused = runs.run(() => {
      hasRun = true;
    });
    gate.resolve();
    await first;
    await expect(refused).rejects.toThrow("too late");
    expect([hasRun, runs.run(() => "free")]).toEqual([false, "free"]);
  });

  it("is idle when the runs in progress and those that wait have ended", async () => {
    const runs = limited(1);
    const gate = deferred<void>();
    void runs.run(() => gate.promise);
    const second = runs.run(() => "second");
    let isIdle = false;
    const idle = runs.idle()?.then(() => {
      isIdle = true;
    });
    await turn();
    expect(isIdle).toBe(false);
    gate.resolve();
    expect(await second).toBe("second");
    await idle;
  });

  it("runs free calls without a place, and counts them", async () => {
    const free = new Set<Call>();
    const runs = new LimitedRuns<Call, unknown>({
      limit: 1,
      run: (call) => call(),
      isFree: (call) => free.has(call),
      onTurn: () => {},
    });
    const gates = [deferred<string>(), deferred<string>()];
    const calls = gates.map((gate) => () => gate.promise);
    free.add(calls[1] as Call);
    const results = calls.map((call) => runs.run(call));
    const idle = runs.idle();
    gates[1]?.resolve("free");
    expect(await results[1]).toBe("free");
    let isIdle = false;
    void idle?.then(() => (isIdle = true));
    await turn();
    expect(isIdle).toBe(false);
    gates[0]?.resolve("held");
    expect(await results[0]).toBe("held");
    await idle;
    expect(runs.run(() => "the place is free")).toBe("the place is free");
  });
});

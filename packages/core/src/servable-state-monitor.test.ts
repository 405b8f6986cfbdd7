import { FakeClock } from "@serving-kit/testing";
import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { errors } from "./errors.js";
import { servableId } from "./servable-id.js";
import type { ManagerEvent, ServableStateName } from "./servable-state.js";
import {
  ServableStateMonitor,
  type ServableStateMonitorOptions,
} from "./servable-state-monitor.js";

const id = (version: number, name = "foo") => servableId(name, version);
const failure = errors.loadFailed(id(1), new Error("broken"));

function watch(options: ServableStateMonitorOptions = {}) {
  const clock = new FakeClock();
  const events = new Subject<ManagerEvent>();
  const monitor = new ServableStateMonitor(events, { clock, ...options });
  const tell = (state: ServableStateName, version: number, name = "foo", error?: typeof failure) =>
    events.next({
      kind: "state",
      id: id(version, name),
      state,
      attempts: 1,
      atMs: clock.now(),
      ...(error && { error }),
    });
  const seen = (name?: string) =>
    monitor.states(name).map((s) => `${s.id.name} ${s.id.version} ${s.state}`);
  const history = () => monitor.history.map((s) => `${s.id.version} ${s.state} ${s.atMs}`);
  return { clock, events, monitor, tell, seen, history };
}

describe("ServableStateMonitor", () => {
  it("knows the last state of every version, newest version first", () => {
    const { monitor, tell, seen } = watch();
    expect(monitor.state(id(42))).toBeUndefined();
    expect([seen(), seen("foo"), monitor.history]).toEqual([[], [], []]);
    tell("start", 42);
    tell("available", 7);
    tell("unloading", 43, "bar");
    tell("loading", 42);
    expect(monitor.state(id(42))).toMatchObject({ state: "loading", attempts: 1 });
    expect(monitor.state(id(42))).not.toHaveProperty("kind");
    expect(monitor.state(id(99))).toBeUndefined();
    expect(seen("foo")).toEqual(["foo 42 loading", "foo 7 available"]);
    expect(seen("bar")).toEqual(["bar 43 unloading"]);
    expect(seen()).toEqual(["foo 42 loading", "foo 7 available", "bar 43 unloading"]);
    expect(seen("__proto__")).toEqual([]);
  });

  it("keeps the error of a version that failed", () => {
    const { monitor, tell } = watch();
    tell("end", 1, "foo", failure);
    expect(monitor.state(id(1))?.error).toBe(failure);
  });

  it("keeps no history by default, otherwise the latest events", async () => {
    const { tell, history, clock } = watch({ maxHistory: 3 });
    for (let version = 1; version <= 8; version++) {
      tell("start", version);
      await clock.advance(1);
      expect(history()).toHaveLength(Math.min(3, version));
    }
    expect(history()).toEqual(["6 start 5", "7 start 6", "8 start 7"]);
    const silent = watch();
    silent.tell("start", 1);
    expect(silent.history()).toEqual([]);
  });

  it("returns live states, and forgets ended versions on request", () => {
    const { monitor, tell, seen } = watch();
    tell("available", 42);
    tell("available", 1, "bar");
    tell("unloading", 42);
    monitor.forgetEnded();
    expect(seen()).toEqual(["foo 42 unloading", "bar 1 available"]);
    tell("end", 42);
    expect(seen("foo")).toEqual(["foo 42 end"]);
    expect(monitor.liveStates().map(({ id }) => id.name)).toEqual(["bar"]);
    monitor.forgetEnded("bar");
    expect(seen("foo")).toEqual(["foo 42 end"]);
    monitor.forgetEnded("foo");
    expect(seen()).toEqual(["bar 1 available"]);
  });

  it("forgets, beyond a number, the versions of a name that ended first", () => {
    const { tell, seen } = watch({ maxEndedPerName: 2 });
    tell("available", 9);
    for (const version of [3, 1, 2]) tell("end", version);
    expect(seen()).toEqual(["foo 9 available", "foo 2 end", "foo 1 end"]);
  });

  it("ignores events that are not state, and what comes after it was disposed", () => {
    const { monitor, events, tell, seen } = watch();
    events.next({ kind: "source-ended", atMs: 0 });
    tell("start", 1);
    monitor[Symbol.dispose]();
    tell("loading", 1);
    expect(seen()).toEqual(["foo 1 start"]);
    expect(events.observed).toBe(false);
  });

  it.each([{ maxHistory: -1 }, { maxEndedPerName: Number.NaN }])("rejects %j", (options) => {
    expect(() => watch(options)).toThrow(RangeError);
  });

  describe("waitForState", () => {
    it("resolves when the state is reached, once, or was reached before", async () => {
      const { monitor, tell } = watch();
      const waiting = monitor.waitForState(id(1), "available");
      tell("start", 1);
      tell("available", 2);
      tell("available", 1);
      tell("available", 1);
      expect(await waiting).toMatchObject({ id: id(1), state: "available" });
      expect(await monitor.waitForState(id(1), "start")).toMatchObject({ state: "available" });
    });

    it("resolves with a later state when that came instead", async () => {
      const { monitor, tell } = watch();
      const waiting = monitor.waitForState(id(1), "available");
      tell("end", 1);
      expect(await waiting).toMatchObject({ state: "end" });
    });

    it("rejects with the error of a version that failed, unless its end is waited for", async () => {
      const { monitor, tell } = watch();
      const waiting = monitor.waitForState(id(1), "available");
      tell("end", 1, "foo", failure);
      await expect(waiting).rejects.toBe(failure);
      expect(await monitor.waitForState(id(1), "end")).toMatchObject({ error: failure });
    });

    it("rejects when it times out or its signal aborts", async () => {
      const { monitor, tell, clock } = watch();
      tell("loading", 1);
      const waiting = monitor.waitForState(id(1), "available", { timeoutMs: 20 });
      const rejected = expect(waiting).rejects.toThrow(
        "state available of {name: foo version: 1} was not reached within 20 ms (it is at loading)",
      );
      await clock.advance(20);
      await rejected;
      const signal = AbortSignal.abort(new Error("enough"));
      await expect(monitor.waitForState(id(2), "end", { signal })).rejects.toThrow("enough");
    });

    it("rejects when the events end", async () => {
      const { monitor, events } = watch();
      const waiting = monitor.waitForState(id(1), "available");
      events.complete();
      await expect(waiting).rejects.toMatchObject({ reason: "MANAGER_CLOSED" });
      await expect(monitor.waitForState(id(1), "end")).rejects.toThrow("closed");
    });
  });
});

import { getEventListeners } from "node:events";
import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { ChangeListeners } from "./change-listeners.js";
import { type WaitOptions, waitUntil } from "./wait-until.js";

function waiting(options: WaitOptions = {}) {
  const clock = new FakeClock();
  const changes = new ChangeListeners();
  let look = (): string | undefined => undefined;
  const promise = waitUntil(
    {
      what: "the goal",
      look: () => look(),
      onChange: (again) => changes.add("key", again),
      describe: () => "far away",
    },
    options,
    clock,
  );
  return {
    clock,
    promise,
    change(next: () => string | undefined) {
      look = next;
      changes.tell("key");
    },
  };
}

describe("waitUntil", () => {
  it("checks again after every change, and resolves with the result", async () => {
    const { promise, change, clock } = waiting({ timeoutMs: 10 });
    change(() => undefined);
    change(() => "found");
    change(() => {
      throw new Error("looked once too often");
    });
    await expect(promise).resolves.toBe("found");
    expect(clock.pending).toBe(0);
  });

  it("rejects with the error of the check, at the first check and at later ones", async () => {
    const { promise, change, clock } = waiting({ timeoutMs: 10 });
    change(() => {
      throw new Error("hopeless");
    });
    await expect(promise).rejects.toThrow("hopeless");
    expect(clock.pending).toBe(0);
  });

  it("reports what was waited for and what was seen when the time is over", async () => {
    const { promise, clock } = waiting({ timeoutMs: 10 });
    const rejected = expect(promise).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      reason: "WAIT_TIMED_OUT",
      message: "the goal was not reached within 10 ms (far away)",
    });
    await clock.advance(9);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    await rejected;
  });

  it("waits without a limit for an infinite time", () => {
    expect(waiting({ timeoutMs: Number.POSITIVE_INFINITY }).clock.pending).toBe(0);
  });

  it("rejects with the signal's reason, and leaves no listener on it", async () => {
    const controller = new AbortController();
    const { promise } = waiting({ signal: controller.signal });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort(new Error("enough"));
    await expect(promise).rejects.toThrow("enough");
    await expect(waiting({ signal: controller.signal }).promise).rejects.toThrow("enough");
    const other = new AbortController();
    const late = waiting({ signal: other.signal });
    late.change(() => "found");
    await late.promise;
    expect(getEventListeners(other.signal, "abort")).toHaveLength(0);
  });
});

describe("ChangeListeners", () => {
  it("calls those of one key, or all, until they are disposed", () => {
    const calls: string[] = [];
    const listeners = new ChangeListeners();
    const a = listeners.add("a", () => calls.push("a"));
    listeners.add("a", () => calls.push("a2"));
    listeners.add("b", () => calls.push("b"));
    listeners.tell("a");
    listeners.tell("x");
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    listeners.tellAll();
    expect(calls).toEqual(["a", "a2", "a2", "b"]);
  });
});

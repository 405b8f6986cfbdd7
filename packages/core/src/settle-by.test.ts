import { getEventListeners } from "node:events";
import { deferred, FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { settleBy } from "./settle-by.js";

const error = () => new Error("late");

describe("settleBy a signal", () => {
  it("settles as the promise does, and leaves no listener", async () => {
    const { signal } = new AbortController();
    await expect(settleBy(Promise.resolve(1), { signal })).resolves.toBe(1);
    await expect(settleBy(Promise.reject(new Error("no")), { signal })).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("rejects with the reason immediately, and ignores a late outcome", async () => {
    const controller = new AbortController();
    const late = deferred();
    const promise = settleBy(late.promise, controller);
    controller.abort(new Error("enough"));
    await expect(promise).rejects.toThrow("enough");
    late.reject(new Error("late"));
    await expect(settleBy(Promise.reject(new Error("late")), controller)).rejects.toThrow("enough");
  });
});

describe("settleBy a deadline", () => {
  it("rejects when the clock reaches it, and leaves no timer otherwise", async () => {
    const clock = new FakeClock();
    const deadline = { clock, atMs: 10, error };
    await expect(settleBy(Promise.resolve(1), { deadline })).resolves.toBe(1);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    const outcome = expect(settleBy(deferred().promise, { deadline })).rejects.toThrow("late");
    await clock.advance(10);
    await outcome;
    await expect(settleBy(Promise.resolve(1), { deadline })).rejects.toThrow("late");
  });

  it("rejects a promise that settles after it, before the timer fires", async () => {
    let nowMs = 0;
    const stopped = { now: () => nowMs, setTimeout: () => ({ [Symbol.dispose]() {} }) };
    const clock = Object.assign(new FakeClock(), stopped);
    const blocked = deferred<number>();
    const pending = settleBy(blocked.promise, { deadline: { clock, atMs: 10, error } });
    nowMs = 10;
    blocked.resolve(1);
    await expect(pending).rejects.toThrow("late");
  });

  it("sets no timer for Infinity", () => {
    const clock = new FakeClock();
    const deadline = { clock, atMs: Number.POSITIVE_INFINITY, error };
    void settleBy(deferred().promise, { deadline });
    expect(clock.pending).toBe(0);
  });
});

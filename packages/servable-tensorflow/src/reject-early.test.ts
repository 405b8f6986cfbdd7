import { deferred, FakeClock, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { rejectEarly } from "./reject-early.js";

describe("rejectEarly", () => {
  it("settles as the promise does, and leaves no timer and no listener", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    expect(await rejectEarly(Promise.resolve(1), signal, clock.now() + 5, clock)).toBe(1);
    const failure = Promise.reject(new Error("no"));
    await expect(rejectEarly(failure, signal, clock.now() + 5, clock)).rejects.toThrow("no");
    await clock.advance(10);
  });

  it("rejects when the deadline has passed, not before", async () => {
    const clock = new FakeClock();
    const { promise } = deferred<void>();
    const outcome = rejectEarly(promise, undefined, clock.now() + 5, clock);
    let isRejected = false;
    outcome.catch(() => {
      isRejected = true;
    });
    await clock.advance(4);
    expect(isRejected).toBe(false);
    await clock.advance(1);
    await expect(outcome).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  });

  it("rejects with the reason of the signal, and drops what comes later", async () => {
    const clock = new FakeClock();
    const { promise, reject } = deferred<void>();
    const controller = new AbortController();
    const outcome = rejectEarly(promise, controller.signal, Number.POSITIVE_INFINITY, clock);
    controller.abort("enough");
    await expect(outcome).rejects.toBe("enough");
    reject(new Error("late"));
    await turn();
  });

  it("takes a deadline that is further away than a timer can be", async () => {
    const clock = new FakeClock();
    const { promise, resolve } = deferred<number>();
    const outcome = rejectEarly(promise, undefined, clock.now() + 2 ** 40, clock);
    await clock.advance(10);
    resolve(2);
    expect(await outcome).toBe(2);
  });
});

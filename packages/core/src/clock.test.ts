import { clockConformance } from "@serving-kit/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./clock.js";

clockConformance(
  { describe, it },
  {
    name: "systemClock",
    create: () => ({
      clock: systemClock,
      // Real time: waits for a timer of its own, and is late rather than early.
      advance: (ms) => new Promise((resolve) => systemClock.setTimeout(resolve, ms + 2)),
    }),
  },
);

describe("systemClock", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("reads the globals at each call, so that fake timers work", () => {
    vi.useFakeTimers();
    const fired: string[] = [];
    systemClock.setTimeout(() => fired.push("timeout"), 50);
    systemClock.setImmediate(() => fired.push("immediate"));
    vi.advanceTimersByTime(50);
    expect(fired).toEqual(["immediate", "timeout"]);
  });

  it("waits for longer than Node's own timers can", () => {
    vi.useFakeTimers();
    const longMs = 3 * 2 ** 31;
    let fired = 0;
    systemClock.setTimeout(() => fired++, longMs);
    const disposed = systemClock.setTimeout(() => fired++, longMs);
    vi.advanceTimersByTime(longMs - 1);
    expect(fired).toBe(0);
    disposed[Symbol.dispose]();
    vi.advanceTimersByTime(1);
    expect(fired).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

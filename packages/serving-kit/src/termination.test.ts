import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endWhileUnwatched, watchTermination } from "./termination.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("watchTermination", () => {
  it("aborts at the first signal and ignores signals that follow within a second", () => {
    const exit = vi.fn<(code: number) => void>();
    using termination = watchTermination({ exit });
    expect(termination.signal.aborted).toBe(false);
    process.emit("SIGINT", "SIGINT");
    expect(termination.signal.reason).toBe("SIGINT");
    vi.advanceTimersByTime(1_000);
    process.emit("SIGTERM", "SIGTERM");
    expect(termination.signal.reason).toBe("SIGINT");
    expect(exit).not.toHaveBeenCalled();
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends the process at once at a later %s, with %d", (name, code) => {
    const exit = vi.fn<(code: number) => void>();
    using _termination = watchTermination({ deadlineMs: 60_000, exit });
    process.emit("SIGTERM", "SIGTERM");
    vi.advanceTimersByTime(1_001);
    process.emit(name, name);
    expect(exit.mock.calls).toEqual([[code]]);
  });

  it("ends the process one second after the deadline, even without a watcher", () => {
    const exit = vi.fn<(code: number) => void>();
    const termination = watchTermination({ deadlineMs: 500, exit });
    process.emit("SIGTERM", "SIGTERM");
    termination[Symbol.dispose]();
    vi.advanceTimersByTime(1_499);
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(exit.mock.calls).toEqual([[0]]);
  });

  it("leaves nothing behind when it is disposed", () => {
    const before = process.listenerCount("SIGTERM");
    watchTermination()[Symbol.dispose]();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});

describe("endWhileUnwatched", () => {
  it("ends the process with the signal's code, but not while a watcher is active", () => {
    const exit = vi.spyOn(process, "exit").mockReturnValue(undefined as never);
    const others = process.listeners("SIGTERM");
    process.removeAllListeners("SIGTERM");
    using _ = endWhileUnwatched();
    const termination = watchTermination();
    process.emit("SIGTERM", "SIGTERM");
    expect(exit).not.toHaveBeenCalled();
    termination[Symbol.dispose]();
    process.emit("SIGTERM", "SIGTERM");
    expect(exit).toHaveBeenCalledWith(143);
    for (const listener of others) process.on("SIGTERM", listener);
  });
});

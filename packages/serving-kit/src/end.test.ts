import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { end } from "./end.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The calls to the server when a signal arrives, and the log lines. */
async function endBy(
  signal: NodeJS.Signals,
  lameDuck: number | undefined,
  { deadline = 20_000, isStarted = true } = {},
) {
  const calls: [string, number][] = [];
  const lines: string[] = [];
  const server = {
    async lameDuck(ms: number) {
      calls.push(["lameDuck", ms]);
      vi.advanceTimersByTime(ms);
    },
    close: async ({ deadlineMs = Number.NaN } = {}) => void calls.push(["close", deadlineMs]),
  };
  await end(server, {
    signal,
    isStarted,
    flags: { lame_duck_in_ms: lameDuck, shutdown_deadline_in_ms: deadline },
    tell: (line) => lines.push(line),
  });
  return { calls, lines };
}

describe("end", () => {
  it("is a lame duck for 5 s of the deadline at SIGTERM, and not at SIGINT", async () => {
    expect(await endBy("SIGTERM", undefined)).toEqual({
      calls: [
        ["lameDuck", 5_000],
        ["close", 15_000],
      ],
      lines: [
        "SIGTERM: not ready; answering for up to 5000 ms more (--lame_duck_in_ms)",
        "SIGTERM: finishing the requests in flight",
      ],
    });
    expect(await endBy("SIGINT", undefined)).toEqual({
      calls: [["close", 20_000]],
      lines: ["SIGINT: finishing the requests in flight"],
    });
  });

  it.each([
    ["SIGTERM", 0, 20_000, undefined],
    ["SIGINT", 300, 20_000, 300],
    ["SIGTERM", 30_000, 20_000, 20_000],
    ["SIGTERM", undefined, 3_000, 1_500],
    ["SIGTERM", undefined, 0, undefined],
  ] as const)("%s with %s of %i ms is one for %s ms", async (signal, chosen, deadline, ms) => {
    const { calls } = await endBy(signal, chosen, { deadline });
    expect(calls.find(([name]) => name === "lameDuck")?.[1]).toBe(ms);
  });

  it("immediately closes a server that was never ready", async () => {
    expect((await endBy("SIGTERM", 5_000, { isStarted: false })).calls).toEqual([
      ["close", 20_000],
    ]);
  });
});

import { FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { type AfterStart, afterStart } from "./after-start.js";

it("forgets the deadline of a caller that has aborted", async () => {
  const clock = new FakeClock();
  let start = () => {};
  const starting = new Promise<void>((resolve) => {
    start = resolve;
  });
  const told: unknown[] = [];
  const what: AfterStart<string> = {
    starting,
    run: async (restMs) => `done with ${restMs} ms left`,
    giveUp: () => "given up",
    onLateFailure: (error) => told.push(error),
    clock,
  };
  const gone = new AbortController();
  const waiting = afterStart(what, { timeoutMs: 100, signal: gone.signal });
  gone.abort("gone");
  await expect(waiting).rejects.toBe("gone");
  expect(clock.pending).toBe(0);
  const another = afterStart(what, { timeoutMs: 300 });
  await clock.advance(200);
  start();
  expect(await another).toBe("done with 100 ms left");
  expect([told, clock.pending]).toEqual([[], 0]);
});

import { expect, it } from "vitest";
import { InFlight } from "./in-flight.js";

it("resolves when the last call has ended, and is nothing to wait for if none is in flight", async () => {
  const calls = new InFlight();
  expect(calls.idle()).toBeUndefined();
  calls.begin();
  calls.begin();
  const log: string[] = [];
  const idle = calls.idle()?.then(() => log.push("idle"));
  calls.end();
  await Promise.resolve();
  expect([calls.count, log]).toEqual([1, []]);
  calls.end();
  await idle;
  expect([calls.count, log]).toEqual([0, ["idle"]]);
  expect(calls.idle()).toBeUndefined();
});

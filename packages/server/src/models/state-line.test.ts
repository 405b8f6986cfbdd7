import { type ServableState, ServingError } from "@serving-kit/core";
import { expect, it } from "vitest";
import { stateLine } from "./state-line.js";

const error = new ServingError("UNKNOWN", "LOAD_FAILED", "bad weights");

it.each<[string, boolean, Partial<ServableState>]>([
  ["start", false, { state: "start" }],
  ["loading, waiting for load-slot", false, { state: "loading", waitingFor: "load-slot" }],
  ["unloading, waiting for handles", false, { state: "unloading", waitingFor: "handles" }],
  [
    "start, waiting for resources: bad weights",
    true,
    { state: "start", waitingFor: "resources", error },
  ],
  [
    "attempt 2 failed, retry in 1.5 s: bad weights",
    true,
    { state: "loading", waitingFor: "retry", attempts: 2, nextAttemptAtMs: 2499.8, error },
  ],
  // The next attempt begins: its predecessor's error was told already.
  ["loading", false, { state: "loading", attempts: 3, error }],
  ["end after 3 attempts: bad weights", true, { state: "end", attempts: 3, error }],
  ["end: bad weights", true, { state: "end", attempts: 1, error }],
  ["end", false, { state: "end", attempts: 1 }],
])("tells %j", (text, isError, state) => {
  const whole = { id: { name: "m", version: 1n }, attempts: 0, atMs: 0, ...state } as ServableState;
  expect(stateLine(whole, 1000)).toEqual({ isError, message: `model m version 1: ${text}` });
});

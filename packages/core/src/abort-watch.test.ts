import { getEventListeners } from "node:events";
import { deferred, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { onAbort } from "./abort-watch.js";

describe("onAbort", () => {
  it("calls back on abort, not within the call, and not after the promise has settled", async () => {
    let calls = 0;
    const until = deferred();
    const controller = new AbortController();
    onAbort(undefined, () => calls++, until.promise);
    onAbort(AbortSignal.abort(), () => calls++, until.promise);
    expect(calls).toBe(0);
    await turn();
    expect(calls).toBe(1);
    onAbort(controller.signal, () => calls++, until.promise);
    until.reject(new Error("settled"));
    await turn();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    controller.abort();
    expect(calls).toBe(1);
  });
});

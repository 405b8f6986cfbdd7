import { getEventListeners } from "node:events";
import { deferred, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { onAbort, orAborted } from "./abort.js";

describe("orAborted", () => {
  it("gives what the promise gives, and leaves no listener", async () => {
    const { signal } = new AbortController();
    await expect(orAborted(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(orAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("rejects with the reason at once, and swallows what comes late", async () => {
    const controller = new AbortController();
    const late = deferred();
    const promise = orAborted(late.promise, controller.signal);
    controller.abort(new Error("enough"));
    await expect(promise).rejects.toThrow("enough");
    late.reject(new Error("late"));
    await turn();
    await expect(orAborted(Promise.reject(new Error("late")), controller.signal)).rejects.toThrow(
      "enough",
    );
  });
});

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

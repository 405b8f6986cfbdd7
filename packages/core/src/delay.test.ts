import { getEventListeners } from "node:events";
import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { delay } from "./delay.js";

describe("delay", () => {
  it("resolves after the time, or when the signal aborts, and leaves nothing behind", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const { signal } = controller;
    const settled: string[] = [];
    void delay(clock, 10, signal).then(() => settled.push("short"));
    void delay(clock, 1000, signal).then(() => settled.push("long"));
    await clock.advance(10);
    expect(settled).toEqual(["short"]);
    controller.abort();
    await clock.advance();
    expect(settled).toEqual(["short", "long"]);
    await delay(clock, 1000, signal);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

import { EventEmitter } from "node:events";
import { servableId } from "@serving-kit/core";
import { runAsModel } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { drainOnStrayError } from "./stray-errors.js";

/** Stands in for the events of the process, on which the test runner listens too. */
const events = new EventEmitter();
beforeEach(() => {
  vi.spyOn(process, "on").mockImplementation((...args) => {
    events.on(...(args as Parameters<EventEmitter["on"]>));
    return process;
  });
  vi.spyOn(process, "off").mockImplementation((...args) => {
    events.off(...(args as Parameters<EventEmitter["off"]>));
    return process;
  });
});
afterEach(() => void vi.restoreAllMocks());

function watched(drain: () => Promise<unknown>) {
  const lines: { fields: Record<string, unknown>; message: string }[] = [];
  const codes: number[] = [];
  const clock = new FakeClock();
  const write = (fields: object, message: string) =>
    void lines.push({ fields: fields as Record<string, unknown>, message });
  const logger = { info: write, warn: write, error: write };
  const exit = (code: number) => void codes.push(code);
  const watch = drainOnStrayError({ logger, drain, exit, clock, deadlineMs: 100 });
  return { lines, codes, clock, watch };
}

describe("drainOnStrayError", () => {
  it("Y1 Y2 Y3 logs each error with its model, drains once and exits with 1", async () => {
    let drained = () => {};
    let drains = 0;
    const { lines, codes, clock, watch } = watched(() => {
      drains++;
      return new Promise<void>((resolve) => {
        drained = resolve;
      });
    });
    using _watch = watch;
    runAsModel(servableId("digits", 3), () =>
      events.emit("uncaughtException", new Error("gone astray"), "unhandledRejection"),
    );
    events.emit("uncaughtException", "no error at all", "uncaughtException");
    expect(lines).toMatchObject([
      { fields: { model: "digits version 3", err: { message: "gone astray" } } },
      { fields: { err: { message: "no error at all" } } },
    ]);
    expect(lines[0]?.message).toMatch(/^model digits version 3: unhandled rejection: gone astray/);
    expect([drains, codes]).toEqual([1, []]);
    drained();
    await clock.advance();
    expect([drains, codes]).toEqual([1, [1]]);
  });

  it.each([
    ["that fails", () => Promise.reject(new Error("no drain"))],
    ["that throws", () => throwing()],
    ["that never ends", () => new Promise(() => {})],
  ])("Y2 exits also after a drain %s", async (_, drain) => {
    const { codes, clock, watch } = watched(drain);
    using _watch = watch;
    events.emit("uncaughtException", new Error("stray"), "uncaughtException");
    await clock.advance(100);
    expect(codes).toEqual([1]);
  });

  it("removes its handler when it is disposed", () => {
    const { watch } = watched(async () => {});
    expect(events.listenerCount("uncaughtException")).toBe(1);
    watch[Symbol.dispose]();
    expect(events.listenerCount("uncaughtException")).toBe(0);
  });
});

function throwing(): Promise<unknown> {
  throw new Error("no drain");
}

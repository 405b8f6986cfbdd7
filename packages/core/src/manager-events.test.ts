import { describe, expect, it } from "vitest";
import { errors } from "./errors.js";
import { ManagerEvents } from "./manager-events.js";
import { servableId } from "./servable-id.js";
import type { ManagerEvent } from "./servable-state.js";

const at = (atMs: number): ManagerEvent => ({ kind: "source-ended", atMs });

describe("ManagerEvents", () => {
  it("emits events that an observer triggers afterwards, to all observers in one order", () => {
    const events = new ManagerEvents();
    const seen: string[] = [];
    events.observable.subscribe(({ atMs }) => {
      seen.push(`first ${atMs}`);
      if (atMs < 3) events.tell(at(atMs + 1));
      expect(events.isTelling).toBe(true);
    });
    events.observable.subscribe(({ atMs }) => seen.push(`second ${atMs}`));
    events.tell(at(1));
    expect(seen).toEqual(["first 1", "second 1", "first 2", "second 2", "first 3", "second 3"]);
    expect(events.isTelling).toBe(false);
  });

  it("collects the errors of unloads from when it is asked to", () => {
    const events = new ManagerEvents();
    const ended = (cause: string): ManagerEvent => ({
      kind: "state",
      id: servableId("m", 1),
      state: "end",
      attempts: 1,
      atMs: 0,
      error: errors.unloadFailed(servableId("m", 1), cause),
    });
    events.tell(ended("before"));
    const failures = events.collectUnloadFailures();
    events.tell(ended("after"));
    expect(failures.map(({ message }) => message)).toEqual([
      "unloading {name: m version: 1} failed: after; its resources may leak",
    ]);
  });
});

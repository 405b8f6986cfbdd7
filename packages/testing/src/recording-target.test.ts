import { type AspiredVersions, aspire, servableId } from "@serving-kit/core";
import { of, Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { RecordingTarget } from "./recording-target.js";

const list = (version: number): AspiredVersions<string> => ({
  name: "m",
  versions: [aspire(servableId("m", version), "data")],
});

describe("RecordingTarget", () => {
  it("returns each emission once, in order, to waiting and later callers", async () => {
    const source = new Subject<AspiredVersions<string>>();
    using target = new RecordingTarget(source);
    const first = target.next();
    for (const version of [1, 2, 3]) source.next(list(version));
    expect([await first, await target.next(), await target.next()]).toEqual([1, 2, 3].map(list));
    expect(target.emissions).toHaveLength(3);
    expect(target.latest("m")).toEqual(list(3));
    expect(target.latest("other")).toBeUndefined();
    expect(target.isSynchronous).toBe(false);
  });

  it("rejects those who wait when the source ends", async () => {
    const failing = new Subject<AspiredVersions<string>>();
    using failed = new RecordingTarget(failing);
    const waiting = failed.next();
    failing.error("broken");
    await expect(waiting).rejects.toBe("broken");
    expect(failed.failure).toEqual({ error: "broken" });

    using completed = new RecordingTarget(of(list(1)));
    expect([completed.isSynchronous, completed.isCompleted]).toEqual([true, true]);
    await expect(completed.next()).resolves.toEqual(list(1));
    await expect(completed.next()).rejects.toThrow("completed");
  });

  it("records nothing after it was disposed, also by its own listener", () => {
    const target = new RecordingTarget(of(list(1), list(2)), (_, self) => self[Symbol.dispose]());
    expect(target.emissions).toEqual([list(1), list(2)].slice(0, target.emissions.length));
    const source = new Subject<AspiredVersions<string>>();
    const once = new RecordingTarget(source, (_, self) => self[Symbol.dispose]());
    source.next(list(1));
    source.next(list(2));
    expect(once.emissions).toEqual([list(1)]);
    expect(source.observed).toBe(false);
  });
});

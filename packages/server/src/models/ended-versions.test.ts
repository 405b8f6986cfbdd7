import { type ServableState, ServingError, servableId } from "@serving-kit/core";
import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { EndedVersions } from "./ended-versions.js";

const HOUR_MS = 3_600_000;

function setUp() {
  const clock = new FakeClock();
  const forgotten: string[] = [];
  const ended = new EndedVersions(clock, (name) => forgotten.push(name));
  const record = (
    name: string,
    version: number,
    state: ServableState["state"] = "end",
    error?: ServingError,
  ) =>
    ended.record({
      id: servableId(name, version),
      state,
      attempts: 1,
      atMs: clock.now(),
      ...(error && { error }),
    });
  const versions = (name: string) => ended.of(name).map(({ id }) => Number(id.version));
  return { clock, ended, record, versions, forgotten };
}

describe("EndedVersions", () => {
  it("remembers the end of a version with its error, until the version starts again", () => {
    const { ended, record, versions } = setUp();
    const error = new ServingError("DATA_LOSS", "BROKEN", "bad weights");
    for (const state of ["start", "loading", "available", "unloading"] as const) {
      record("m", 1, state);
      expect(versions("m")).toEqual([]);
    }
    record("m", 1, "end", error);
    record("m", 2, "end");
    expect(ended.of("m")).toMatchObject([{ id: servableId("m", 1), error }, { state: "end" }]);
    record("m", 1, "start");
    expect(versions("m")).toEqual([2]);
    ended[Symbol.dispose]();
  });

  it("keeps the last ten versions of a name, and the last thousand names", () => {
    const { ended, record, versions } = setUp();
    for (let version = 1; version <= 12; version++) record("m", version);
    record("m", 4);
    expect(versions("m")).toEqual([3, 5, 6, 7, 8, 9, 10, 11, 12, 4]);
    for (let i = 0; i < 999; i++) record(`n${i}`, 1);
    expect(versions("m")).toHaveLength(10);
    record("one too many", 1);
    expect(versions("m")).toEqual([]);
    expect(versions("n0")).toEqual([1]);
    ended[Symbol.dispose]();
  });

  it("keeps them for an hour, reports which names have changed, and leaves no timer", async () => {
    const { clock, record, versions, forgotten, ended } = setUp();
    record("m", 1);
    await clock.advance(HOUR_MS / 2);
    record("m", 2);
    record("n", 1);
    await clock.advance(HOUR_MS / 2);
    expect([versions("m"), versions("n"), forgotten]).toEqual([[2], [1], ["m"]]);
    await clock.advance(HOUR_MS / 2);
    expect([versions("m"), versions("n"), forgotten]).toEqual([[], [], ["m", "m", "n"]]);
    expect(clock.pending).toBe(0);
    record("m", 3);
    ended[Symbol.dispose]();
    expect(clock.pending).toBe(0);
  });
});

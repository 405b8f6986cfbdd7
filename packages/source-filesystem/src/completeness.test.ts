import { describe, expect, it } from "vitest";
import { lookAgainInMs, settlesInMs, sight } from "./completeness.js";

const settleMs = 1000;
const wallMs = 1_764_000_000_000;
const moment = (nowMs: number) => ({ nowMs, wallMs });

describe("sight", () => {
  it("keeps the time since which files have not changed", () => {
    const first = sight(undefined, "a", moment(10));
    expect(first).toEqual({ fingerprint: "a", sinceMs: 10 });
    expect(sight(first, "a", moment(20))).toEqual(first);
    expect(sight(first, "b", moment(30))).toEqual({ fingerprint: "b", sinceMs: 30 });
  });
});

describe("settlesInMs", () => {
  const seen = { fingerprint: "a", sinceMs: 500 };
  it.each([
    ["old files have settled at first sight", 500, wallMs - 3_600_000, 0],
    ["and so have those that are just old enough", 500, wallMs - 1000, 0],
    ["recent files settle when the last change is old enough", 500, wallMs - 400, 600],
    ["files just written settle after the whole time", 500, wallMs, 1000],
    ["files changed in the future settle by our own clock", 500, wallMs + 3_600_000, 1000],
    ["of which this is the last millisecond", 1499, wallMs + 3_600_000, 1],
    ["and this the end", 1500, wallMs + 3_600_000, 0],
    ["what has no time of change settles by our own clock", 900, undefined, 600],
  ])("%s", (_, nowMs, changedAtMs, expected) => {
    expect(settlesInMs(seen, changedAtMs, moment(nowMs), settleMs)).toBe(expected);
  });

  it("ends immediately without settleMs", () => {
    expect(settlesInMs(seen, undefined, moment(500), 0)).toBe(0);
  });
});

describe("lookAgainInMs", () => {
  it.each([
    [0, 1000, 1000],
    [4000, 1000, 1000],
    [40_000, 1000, 10_000],
    [10_000_000, 1000, 30_000],
    [0, 0, 100],
  ])("after %d ms without a change, settling in %d: %d", (unchangedMs, settle, expected) => {
    expect(lookAgainInMs(unchangedMs, settle)).toBe(expected);
  });
});

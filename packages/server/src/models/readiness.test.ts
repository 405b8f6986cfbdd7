import { describe, expect, it } from "vitest";
import { Readiness } from "./readiness.js";
import type { StartUpPolicy } from "./start-up.js";

/** Returns whether a policy holds for models that are required, after some were served, and some are available now. */
function isHeld(policy: StartUpPolicy, required: string, served: string, available: string) {
  let now = served;
  const readiness = new Readiness(policy, (name) => now.includes(name));
  readiness.require(new Set(required));
  for (const name of served) readiness.update(name);
  now = available;
  for (const name of served + available) readiness.update(name);
  return readiness.isHeld;
}

describe("Readiness", () => {
  it.each([
    ["a server without models lacks none", "", "", "", true, true],
    ["all are available", "ab", "ab", "ab", true, true],
    ["one has never been available", "ab", "a", "a", true, true],
    ["one is available no more", "ab", "ab", "a", true, false],
    ["none is available any more", "ab", "ab", "", false, false],
    ["none has been available yet", "ab", "", "", false, false],
    ["only one that is not required any more is available", "a", "", "b", false, false],
  ])("%s", (_, required, served, available, any, all) => {
    expect(isHeld("any", required, served, available)).toBe(any);
    expect(isHeld("all", required, served, available)).toBe(all);
    expect(isHeld("none", required, served, available)).toBe(true);
  });

  it("counts a model that comes back after a reload as new", () => {
    let now = "ab";
    const readiness = new Readiness("all", (name) => now.includes(name));
    readiness.require(new Set("ab"));
    for (const name of "ab") readiness.update(name);
    now = "a";
    readiness.update("b");
    expect(readiness.isHeld).toBe(false);
    readiness.require(new Set("a"), "b");
    expect(readiness.isHeld).toBe(true);
    readiness.require(new Set("ab"));
    expect(readiness.isHeld).toBe(true);
    readiness.update("b");
    expect(readiness.isHeld).toBe(true);
  });

  it("keeps a model that is still served as available when others are required", () => {
    const readiness = new Readiness("any", (name) => name === "a");
    readiness.require(new Set("ab"));
    readiness.update("a");
    readiness.require(new Set("ac"));
    expect(readiness.isHeld).toBe(true);
    readiness.require(new Set("c"));
    expect(readiness.isHeld).toBe(false);
  });
});

import {
  type AspiredVersionPolicy,
  availabilityPreserving,
  resourcePreserving,
} from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { policyConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";

/** The clauses that a policy breaks, in the words of the suite. */
async function brokenBy(
  policy: AspiredVersionPolicy,
  isAvailabilityPreserving = true,
): Promise<string[]> {
  const failures = await failuresOf((runner) =>
    policyConformance(runner, { name: "mutant", policy, isAvailabilityPreserving }),
  );
  return [...failures.keys()];
}

describe("policyConformance rejects a policy", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(availabilityPreserving)).toEqual([]);
    expect(await brokenBy(resourcePreserving, false)).toEqual([]);
  });

  it("P1 that takes turns", async () => {
    let calls = 0;
    const alternating: AspiredVersionPolicy = (versions) =>
      calls++ % 7 === 3 ? undefined : availabilityPreserving(versions);
    expect(await brokenBy(alternating)).toContain("P1");
  });

  it("P1 that changes the snapshot", async () => {
    const sorting: AspiredVersionPolicy = (versions) =>
      availabilityPreserving((versions as (typeof versions)[number][]).reverse().toReversed());
    expect(await brokenBy(sorting)).toContain("P1");
  });

  it("P2 that loads what is loading already", async () => {
    const again: AspiredVersionPolicy = (versions) => {
      const action = availabilityPreserving(versions);
      const loading = versions.find((v) => v.state === "loading" && v.isAspired);
      return action ?? (loading && { kind: "load", id: loading.id });
    };
    expect(await brokenBy(again)).toContain("P2");
  });

  it("P2 that loads what is not aspired", async () => {
    const greedy: AspiredVersionPolicy = (versions) => {
      const leaving = versions.find((v) => v.state === "leaving" && !v.isAspired);
      return leaving ? { kind: "load", id: leaving.id } : availabilityPreserving(versions);
    };
    expect(await brokenBy(greedy)).toContain("P2");
  });

  it("P3 that unloads what is aspired", async () => {
    const restless: AspiredVersionPolicy = (versions) => {
      const ready = versions.filter((v) => v.state === "ready");
      const oldest = ready.length > 1 ? ready.at(-1) : undefined;
      return oldest ? { kind: "unload", id: oldest.id } : availabilityPreserving(versions);
    };
    expect(await brokenBy(restless)).toContain("P3");
  });

  it("P4 that loads only the newest", async () => {
    const newestOnly: AspiredVersionPolicy = (versions) => {
      const action = availabilityPreserving(versions);
      const newest = versions.find((v) => v.isAspired);
      return action?.kind === "load" && action.id !== newest?.id ? undefined : action;
    };
    expect(await brokenBy(newestOnly)).toEqual(["P4"]);
  });

  it("P4 that never unloads, or never loads", async () => {
    for (const kind of ["load", "unload"]) {
      const half: AspiredVersionPolicy = (versions) => {
        const action = availabilityPreserving(versions);
        return action?.kind === kind ? action : undefined;
      };
      expect(await brokenBy(half)).toEqual(["P4"]);
    }
  });

  it("P5 that unloads the last ready version, or is declared wrongly", async () => {
    expect(await brokenBy(resourcePreserving, true)).toEqual(["P5"]);
    expect(await brokenBy(availabilityPreserving, false)).toEqual(["P5"]);
  });
});

import { describe, expect, it } from "vitest";
import type { Runner } from "./runner.js";
import { registerSuite } from "./suite.js";

/** Returns the tests that a suite of two clauses registers with a runner that can or cannot skip. */
function registered(skip: { reason: string; clauses: string[] }[], canSkip: boolean) {
  const titles: string[] = [];
  const bodies = new Map<string, () => Promise<void>>();
  const add = (title: string, body: () => Promise<void>) => {
    titles.push(title);
    bodies.set(title, body);
  };
  const skipping = (title: string) => titles.push(`skip ${title}`);
  const runner: Runner = {
    describe: (name, body) => {
      titles.push(name);
      body();
    },
    it: canSkip ? Object.assign(add, { skip: skipping }) : add,
  };
  const fail = async () => {
    throw new Error("broken");
  };
  registerSuite(runner, { name: "mine", skip }, "Thing", {}, { "T1 one": fail, "T2 two": fail });
  return { titles, bodies };
}

describe("a suite", () => {
  const skips = "skips only clauses that the contract has, each with a reason";

  it("shows the reason of a skip in the title, and does not run the clause", async () => {
    const skip = [{ reason: "not here", clauses: ["T2"] }];
    const skipped = "T2 two (skipped: not here)";
    expect(registered(skip, true).titles).toEqual([
      "mine: Thing conformance",
      skips,
      "T1 one",
      `skip ${skipped}`,
    ]);
    const { titles, bodies } = registered(skip, false);
    expect(titles.at(-1)).toBe(skipped);
    await bodies.get(skipped)?.();
    await expect(bodies.get("T1 one")?.()).rejects.toThrow("broken");
  });

  it("fails when a skip names a clause that the contract does not have", async () => {
    const { bodies } = registered([{ reason: "old", clauses: ["T3"] }], true);
    await expect(bodies.get(skips)?.()).rejects.toThrow('expected one of T1, T2; got "T3"');
  });
});

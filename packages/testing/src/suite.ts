import assert from "node:assert/strict";
import type { Runner, SuiteOptions } from "./runner.js";

/** The tests of a suite by title. A title starts with the number of the clause that it verifies. */
export type Tests = Readonly<Record<string, () => Promise<void>>>;

/**
 * Registers the tests with the runner: first the fixture, then the clauses. Skipped clauses are shown with their
 * reason.
 */
export function registerSuite(
  { describe, it }: Runner,
  { name, skip = [] }: SuiteOptions,
  noun: string,
  fixture: Tests,
  clauses: Tests,
): void {
  const reasons = new Map(skip.flatMap((s) => s.clauses.map((clause) => [clause, s.reason])));
  describe(`${name}: ${noun} conformance`, () => {
    for (const [title, body] of Object.entries(fixture)) it(title, body);

    it("skips only clauses that the contract has, each with a reason", async () => {
      const known = new Set(Object.keys(clauses).map(clauseOf));
      for (const [clause, reason] of reasons) {
        assert.ok(known.has(clause), `expected one of ${[...known].join(", ")}; got "${clause}"`);
        assert.ok(reason.trim() !== "", `expected a reason for skipping ${clause}; got none`);
      }
    });

    for (const [title, body] of Object.entries(clauses)) {
      const reason = reasons.get(clauseOf(title));
      if (reason === undefined) it(title, body);
      else if (it.skip) it.skip(`${title} (skipped: ${reason})`, body);
      else it(`${title} (skipped: ${reason})`, async () => {});
    }
  });
}

/** The clause number at the start of a title. */
function clauseOf(title: string): string {
  return title.slice(0, title.indexOf(" "));
}

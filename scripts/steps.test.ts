import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countTests, type VitestReport } from "./steps.js";
import { root } from "./workspace.mjs";

type TestFile = VitestReport["testResults"][number];

const file = (
  status: string,
  ...tests: readonly (readonly [state: string, fullName?: string])[]
): TestFile => ({
  status,
  assertionResults: tests.map(([state, fullName = "a test"]) => ({ status: state, fullName })),
});
const count = (code: number, ...testResults: readonly TestFile[]) =>
  countTests({ testResults }, code);

describe("countTests", () => {
  it("counts the tests of all files", () => {
    const passed = file("passed", ["passed"], ["passed"]);
    const failed = file("failed", ["failed"], ["passed"], ["failed"]);
    expect(count(1, passed, failed)).toMatchObject({ passed: 3, failed: 2, skipped: 0 });
  });

  it("counts a file that could not be read as a failed test", () => {
    expect(count(1, file("failed"), file("passed", ["passed"]))).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  it("counts a run that failed without a failed test, or without a report, as a failed test", () => {
    expect(count(1, file("passed", ["passed"]))).toMatchObject({ passed: 1, failed: 1 });
    expect(count(1)).toMatchObject({ passed: 0, failed: 1 });
    expect(count(0)).toMatchObject({ passed: 0, failed: 0 });
  });

  it("names the tests that passed at their second attempt, with the failure of the first", () => {
    const file = (...assertionResults: TestFile["assertionResults"]): TestFile => ({
      name: join(root, "packages/a.test.ts"),
      status: "passed",
      assertionResults,
    });
    const flaky = {
      ...{ status: "passed", fullName: "counts" },
      failureMessages: ["AssertionError: expected 1 to be 2\n    at a.test.ts:3"],
    };
    const fine = { ...flaky, failureMessages: [] };
    const failed = { ...flaky, status: "failed" };
    const { passed, retries } = count(1, file(flaky, fine, failed));
    expect(passed).toBe(2);
    expect(retries).toEqual([
      "passed at its second attempt: packages/a.test.ts > counts: AssertionError: expected 1 to be 2",
    ]);
  });

  it("prints each reason of skipped tests once, and names tests without a reason", () => {
    const skipped = file(
      "passed",
      ["pending", "S1 (skipped: no library)"],
      ["skipped", "S2 (skipped: no library)"],
      ["todo", "rsync [skipped where rsync is not installed] copies"],
      ["skipped", "nobody knows why"],
    );
    expect(count(0, skipped)).toMatchObject({
      skipped: 4,
      skips: [
        "2 skipped: no library",
        "1 skipped: where rsync is not installed",
        "1 skipped: without a reason: nobody knows why",
      ],
    });
  });
});

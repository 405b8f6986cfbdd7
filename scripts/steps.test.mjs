import { describe, expect, it } from "vitest";
import { countTests } from "./steps.mjs";

const file = (status, ...tests) => ({
  status,
  assertionResults: tests.map(([state, fullName = "a test"]) => ({ status: state, fullName })),
});
const count = (code, ...testResults) => countTests({ testResults }, code);

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

  it("tells each reason of skipped tests once, and names those without a reason", () => {
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

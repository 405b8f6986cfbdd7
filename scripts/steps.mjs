import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNode } from "./run.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { root } from "./workspace.mjs";

/**
 * What a step of `npm test` tells: how many tests passed, failed and were skipped (a step that is
 * no test suite counts as one test), what it printed, how long it took, why tests were skipped, and
 * which passed at a second attempt only.
 *
 * @typedef {{ passed: number, failed: number, skipped: number, output: string,
 *   durationMs: number, skips: string[], retries: string[] }} StepResult
 */

/** A step that is one program: passed when it exits 0. */
const program = (args) => async (options) => {
  const { code, output, durationMs } = await runNode(args, options);
  const passed = code === 0 ? 1 : 0;
  return { passed, failed: 1 - passed, skipped: 0, output, durationMs, skips: [], retries: [] };
};

/** Counts in vitest's JSON report; a suite that could not even be read counts as a failed test. */
export function countTests(report, code) {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const skippedTests = tests.filter(({ status }) => status !== "passed" && status !== "failed");
  const unread = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((t) => t.status === "failed"),
  ).length;
  const failed = tests.filter(({ status }) => status === "failed").length + unread;
  return {
    passed: tests.filter(({ status }) => status === "passed").length,
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: skippedTests.length,
    skips: skipReasons(skippedTests.map(({ fullName }) => fullName)),
    retries: report.testResults.flatMap(retriesOf),
  };
}

/** The tests of a file that failed and then passed: the attempt that failed is in the report too. */
function retriesOf({ name = "", assertionResults }) {
  return assertionResults
    .filter(({ status, failureMessages = [] }) => status === "passed" && failureMessages.length > 0)
    .map(({ fullName, failureMessages: [first] }) => {
      const file = name.startsWith(root) ? name.slice(root.length) : name;
      return `passed at its second attempt: ${file} > ${fullName}: ${first.split("\n")[0]}`;
    });
}

/**
 * Why tests were skipped, each reason once: what the title of a test says in parentheses or brackets
 * from the word `skipped` on. A test whose title says nothing is named by its title.
 */
function skipReasons(titles) {
  const counts = new Map();
  for (const title of titles) {
    const reason = /[([]skipped:? ([^\])]*)[\])]/.exec(title)?.[1] ?? `without a reason: ${title}`;
    counts.set(reason, 1 + (counts.get(reason) ?? 0));
  }
  return [...counts].map(([reason, count]) => `${count} skipped: ${reason}`);
}

/** A step that is a project of vitest.config.ts. */
const suite = (project) => async (options) => {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-test-"));
  const reportFile = join(folder, "report.json");
  try {
    const { code, output, durationMs } = await runNode(
      [
        "node_modules/vitest/vitest.mjs",
        "run",
        `--project=${project}`,
        "--passWithNoTests",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${reportFile}`,
      ],
      options,
    );
    return { ...countTests(readReport(reportFile), code), output, durationMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { testResults: [] }; // vitest ended before it wrote one; its exit code tells
  }
}

/** @type {{ name: string, run: (options?: object) => Promise<StepResult> }[]} */
export const testSuites = [
  { name: "unit", run: suite("unit") },
  { name: "native", run: suite("native") },
  { name: "tflite-2.9", run: suite("tflite-2.9") },
  { name: "e2e", run: suite("e2e") },
];

/** Everything that `npm test` runs, in order. */
export const steps = [
  {
    name: "lint",
    run: program([
      "node_modules/@biomejs/biome/bin/biome",
      "check",
      "--error-on-warnings",
      "--max-diagnostics=100",
    ]),
  },
  { name: "unused", run: program(["node_modules/knip/bin/knip.js", "--no-progress"]) },
  { name: "types", run: program(["node_modules/typescript/bin/tsc", "-p", "."]) },
  { name: "type-tests", run: suite("type-tests") },
  ...testSuites,
  { name: "apps", run: suite("apps") },
  { name: "site", run: program([...sourceFlags, "scripts/site.ts"]) },
  { name: "guides", run: program(["scripts/check-docs.mjs"]) },
];

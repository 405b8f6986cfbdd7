import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNode } from "./run.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { root } from "./workspace.mjs";

/** Numbers of tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The tests of a vitest report. */
interface CountedTests extends Counts {
  /** Why tests were skipped. */
  readonly skips: readonly string[];
  /** The tests that passed at a second attempt only. */
  readonly retries: readonly string[];
}

/** The outcome of a step of `npm test`. A step that is not a test suite counts as one test. */
export interface StepResult extends CountedTests {
  readonly output: string;
  readonly durationMs: number;
}

/** A part of `npm test`. */
export interface Step {
  readonly name: string;
  run(options?: StepOptions): Promise<StepResult>;
}

/** Options for a step: environment variables, and the Node binary. Default: those of this process. */
export interface StepOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly node?: string;
}

/** The part of vitest's JSON report that is read. */
export interface VitestReport {
  readonly testResults: readonly TestFile[];
}

interface TestFile {
  readonly name?: string;
  readonly status: string;
  readonly assertionResults: readonly TestOutcome[];
}

interface TestOutcome {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[];
}

/** A step that is one program: passed when it exits 0. */
const program =
  (args: readonly string[]): Step["run"] =>
  async (options) => {
    const { code, output, durationMs } = await runNode(args, options);
    const passed = code === 0 ? 1 : 0;
    return { passed, failed: 1 - passed, skipped: 0, output, durationMs, skips: [], retries: [] };
  };

/** Counts the tests of a report. A file that could not be read is a failed test. */
export function countTests(report: VitestReport, code: number): CountedTests {
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
function retriesOf({ name = "", assertionResults }: TestFile): string[] {
  const file = name.startsWith(root) ? name.slice(root.length) : name;
  return assertionResults.flatMap(({ status, fullName, failureMessages: [first] = [] }) => {
    if (status !== "passed" || first === undefined) return [];
    return [`passed at its second attempt: ${file} > ${fullName}: ${first.split("\n")[0]}`];
  });
}

/**
 * Why tests were skipped, each reason once: what the title of a test says in parentheses or brackets
 * from the word `skipped` on. A test whose title says nothing is named by its title.
 */
function skipReasons(titles: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const title of titles) {
    const reason = /[([]skipped:? ([^\])]*)[\])]/.exec(title)?.[1] ?? `without a reason: ${title}`;
    counts.set(reason, 1 + (counts.get(reason) ?? 0));
  }
  return [...counts].map(([reason, count]) => `${count} skipped: ${reason}`);
}

/** A step that is a project of vitest.config.ts. */
const suite =
  (project: string): Step["run"] =>
  async (options) => {
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

function readReport(file: string): VitestReport {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { testResults: [] }; // vitest ended before it wrote one; its exit code tells
  }
}

/** The steps that are tests of the packages. */
export const testSuites: readonly Step[] = [
  { name: "unit", run: suite("unit") },
  { name: "native", run: suite("native") },
  { name: "tflite-2.9", run: suite("tflite-2.9") },
  { name: "e2e", run: suite("e2e") },
];

/** Everything that `npm test` runs, in order. */
export const steps: readonly Step[] = [
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
  { name: "guides", run: program([...sourceFlags, "scripts/check-docs.ts"]) },
];

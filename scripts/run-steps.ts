import { ensureMoto } from "./moto.js";
import { run } from "./run.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { formatDuration, showStep } from "./step-timer.mjs";
import { type Counts, type Step, type StepResult, steps } from "./steps.js";

// Run by `npm test [-- STEP …]` and `npm run check`: runs steps, and prints a summary.

const KEYS = ["passed", "failed", "skipped"] as const;
/** The steps with tests that need libtensorflow, and how long getting it may take. */
const TENSORFLOW_STEPS = ["native", "e2e"];
const TENSORFLOW_TIMEOUT_MS = 300_000;
/** The steps with tests of models in AWS, and how long getting its stand-in may take. */
const MOTO_STEPS = ["native", "e2e"];
const MOTO_TIMEOUT_MS = 300_000;
const { stdout } = process;
const color = stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };

/** All steps, or those named on the command line (`npm run check` is `lint types unit`). */
function chosenSteps(): readonly Step[] {
  const names = process.argv.slice(2);
  const known = steps.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown) throw new Error(`no step "${unknown}"; expected ${known.join(", ")}`);
  return names.length === 0 ? steps : steps.filter(({ name }) => names.includes(name));
}

const formatCounts = (counts: Counts) => KEYS.map((key) => `${counts[key]} ${key}`).join(", ");

interface NamedResult extends StepResult {
  readonly name: string;
}

async function runStep({ name, run }: Step): Promise<NamedResult> {
  const end = showStep(name);
  const result = await run({ env: color });
  end(result.failed === 0 ? "passed" : "failed");
  if (result.failed > 0) stdout.write(`\n── ${name} ──\n${result.output.trimEnd()}\n\n`);
  return { name, ...result };
}

/** Gets libtensorflow if it is missing; without it the tests that need it are skipped. */
async function ensureTensorFlow(): Promise<void> {
  const end = showStep("looking for libtensorflow, and getting it where it is missing");
  const program = ["scripts/ensure-tensorflow.ts", String(TENSORFLOW_TIMEOUT_MS)];
  const { code, stdout: reason } = await run(process.execPath, [...sourceFlags, ...program]);
  end(code === 0 ? "done" : "failed");
  if (code !== 0) stdout.write(`Tests that need TensorFlow are skipped: ${reason.trim()}\n`);
}

/** Gets moto if it is missing and there is a Python; without it the tests that need it are skipped. */
async function ensureStores(): Promise<void> {
  const end = showStep("looking for moto, and getting it where it is missing");
  const { path, reason } = await ensureMoto(MOTO_TIMEOUT_MS);
  end(path ? "done" : "failed");
  if (path) process.env.SERVING_KIT_MOTO = path;
  else stdout.write(`Tests that need moto are skipped: ${reason}\n`);
}

function printSummary(results: readonly NamedResult[]): void {
  stdout.write("\nSummary\n");
  for (const { name, durationMs, skips, retries, ...counts } of results) {
    const mark = counts.failed > 0 ? "✗" : "✓";
    const time = formatDuration(durationMs);
    stdout.write(`  ${mark} ${name.padEnd(10)} ${formatCounts(counts).padEnd(36)} ${time}\n`);
    for (const line of [...retries, ...skips]) stdout.write(`      ${line}\n`);
  }
}

const results: NamedResult[] = [];
const chosen = chosenSteps();
if (chosen.some(({ name }) => TENSORFLOW_STEPS.includes(name))) await ensureTensorFlow();
if (chosen.some(({ name }) => MOTO_STEPS.includes(name))) await ensureStores();
for (const step of chosen) results.push(await runStep(step));
printSummary(results);
const total = (key: keyof Counts) => results.reduce((sum, result) => sum + result[key], 0);
const totals = { passed: total("passed"), failed: total("failed"), skipped: total("skipped") };
stdout.write(`\n${formatCounts(totals)}\n`);
process.exitCode = totals.failed > 0 ? 1 : 0;

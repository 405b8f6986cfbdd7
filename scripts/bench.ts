import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Figure, Goal } from "../bench/figure.js";
import { buildStale } from "./build.js";
import { describeError } from "./describe-error.mjs";
import { plainFlags } from "./source-flags.mjs";
import { showStep } from "./step-timer.mjs";
import { formatTable } from "./table.js";
import { publishedPackages, root } from "./workspace.mjs";

const USAGE = "npm run bench -- [group | group/name …] [--json]";

/** A benchmark: `bench/<group>/<name>.ts`. */
interface BenchmarkFile {
  readonly group: string;
  readonly id: string;
  readonly file: string;
}

/** A figure of a benchmark of `group`. `ok`: whether it reaches its goal, null without one. */
interface GroupFigure extends Figure {
  readonly group: string;
  readonly ok: boolean | null;
}

/** A message of bench/run-benchmark.ts. */
type Message =
  | { readonly kind: "started"; readonly name: string }
  | { readonly kind: "figures"; readonly figures: readonly Omit<GroupFigure, "group">[] };

function benchmarkFiles(): BenchmarkFile[] {
  const folder = join(root, "bench");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .flatMap(({ name: group }) =>
      readdirSync(join(folder, group))
        .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
        .sort()
        .map((name) => ({
          group,
          id: `${group}/${name.replace(/\.ts$/, "")}`,
          file: join(folder, group, name),
        })),
    );
}

/** Runs one file in a process of its own. What it prints goes to stderr. */
function runFile({ group, file }: BenchmarkFile): Promise<GroupFigure[]> {
  return new Promise((resolve, reject) => {
    let figures: GroupFigure[] | undefined;
    let end = (_outcome: string) => {};
    const args = ["--expose-gc", ...plainFlags, join(root, "bench/run-benchmark.ts"), file];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2, "ipc"] });
    child.on("message", (received) => {
      const message = received as Message;
      if (message.kind === "started") end = showStep(`${group}: ${message.name}`);
      else figures = message.figures.map((figure) => ({ group, ...figure }));
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      end(code === 0 ? "done" : "failed");
      if (code === 0 && figures) resolve(figures);
      else reject(new Error(`${file} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}

/** 1234567 as `1,234,567`, small numbers with three significant digits. */
function formatNumber(value: number | null | undefined): string {
  if (value === undefined || value === null) return ""; // null: not a number, in a message
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 3;
  return digits === 0
    ? Math.round(value).toLocaleString("en-US")
    : Number(value.toPrecision(digits)).toString();
}

/** `>= 10,000,000`, or with another way to write the number. */
function formatGoal(goal: Goal | undefined, format: (value: number) => string = formatNumber) {
  if (goal === undefined) return "";
  return "atLeast" in goal ? `>= ${format(goal.atLeast)}` : `<= ${format(goal.atMost)}`;
}

/** The line of `--json`. Every key is always there; null if there is no value. */
function toJson(figure: GroupFigure): string {
  const { group, name, value, unit, goal, ok, baseline = null, spread = null } = figure;
  return JSON.stringify({
    group,
    name,
    value,
    unit,
    goal: formatGoal(goal, String) || null,
    ok,
    baseline,
    spread,
  });
}

function printTable(figures: readonly GroupFigure[]): void {
  const rows = [
    ["group", "figure", "value", "unit", "goal", "", "baseline", "spread"],
    ...figures.map(({ group, name, value, unit, goal, ok, baseline, spread }) => [
      group,
      name,
      formatNumber(value),
      unit,
      formatGoal(goal),
      ok === null ? "" : ok ? "✓" : "✗",
      formatNumber(baseline),
      spread === undefined ? "" : `${spread.toFixed(1)} %`,
    ]),
  ];
  process.stdout.write(formatTable(rows, [2, 4, 6, 7]));
}

async function main(): Promise<boolean> {
  const args = process.argv.slice(2);
  const isJson = args.includes("--json");
  const wanted = args.filter((arg) => arg !== "--json");
  const all = benchmarkFiles();
  const isWanted = ({ group, id }: BenchmarkFile) => wanted.includes(group) || wanted.includes(id);
  const known = new Set(all.flatMap(({ group, id }) => [group, id]));
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown) throw new Error(`no "${unknown}"; expected ${[...known].join(", ")}: ${USAGE}`);
  await buildStale(
    publishedPackages().map(({ folder }) => folder),
    { types: false },
  );
  const figures: GroupFigure[] = [];
  let failures = 0;
  for (const file of wanted.length === 0 ? all : all.filter(isWanted)) {
    try {
      const measured = await runFile(file);
      figures.push(...measured);
      if (isJson) for (const figure of measured) process.stdout.write(`${toJson(figure)}\n`);
    } catch (error) {
      failures++;
      process.stderr.write(`${describeError(error)}\n`);
    }
  }
  if (!isJson) printTable(figures);
  return failures === 0 && figures.every(({ ok }) => ok !== false);
}

process.exitCode = (await main()) ? 0 : 1;

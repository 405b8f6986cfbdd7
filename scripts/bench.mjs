import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { showStep } from "./step-timer.mjs";
import { root } from "./workspace.mjs";

const USAGE = "npm run bench -- [group | group/name …] [--json]";

/** All benchmark files, as `{ group, id, file }`: `bench/<group>/<name>.ts`. */
function benchmarkFiles() {
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
function runFile({ group, file }) {
  return new Promise((resolve, reject) => {
    let figures;
    let end = () => {};
    const args = ["--expose-gc", ...sourceFlags, join(root, "bench/run-benchmark.ts"), file];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2, "ipc"] });
    child.on("message", (message) => {
      if (message.kind === "started") end = showStep(`${group}: ${message.name}`);
      else figures = message.figures;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      end(code === 0 ? "done" : "failed");
      if (code === 0 && figures) resolve(figures.map((figure) => ({ group, ...figure })));
      else reject(new Error(`${file} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}

/** 1234567 as `1,234,567`, small numbers with three significant digits. */
function formatNumber(value) {
  if (value === undefined || value === null) return "";
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 3;
  return digits === 0
    ? Math.round(value).toLocaleString("en-US")
    : Number(value.toPrecision(digits)).toString();
}

/** `>= 10,000,000`, or with another way to write the number. */
const formatGoal = (goal, format = formatNumber) => {
  if (goal === undefined) return "";
  return "atLeast" in goal ? `>= ${format(goal.atLeast)}` : `<= ${format(goal.atMost)}`;
};

/** The line of `--json`: every key is always there, null where there is nothing to say. */
function toJson({ group, name, value, unit, goal, ok, baseline = null, spread = null }) {
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

function printTable(figures) {
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
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumeric = (column) => [2, 4, 6, 7].includes(column);
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      isNumeric(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    );
    process.stdout.write(`${cells.join("  ").trimEnd()}\n`);
  }
}

async function main() {
  const args = process.argv.slice(2);
  const isJson = args.includes("--json");
  const wanted = args.filter((arg) => arg !== "--json");
  const all = benchmarkFiles();
  const isWanted = ({ group, id }) => wanted.includes(group) || wanted.includes(id);
  const known = new Set(all.flatMap(({ group, id }) => [group, id]));
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown) throw new Error(`no "${unknown}"; expected ${[...known].join(", ")}: ${USAGE}`);
  await ensureInstalled();
  const figures = [];
  let failures = 0;
  for (const file of wanted.length === 0 ? all : all.filter(isWanted)) {
    try {
      const measured = await runFile(file);
      figures.push(...measured);
      if (isJson) for (const figure of measured) process.stdout.write(`${toJson(figure)}\n`);
    } catch (error) {
      failures++;
      process.stderr.write(`${error.message}\n`);
    }
  }
  if (!isJson) printTable(figures);
  return failures === 0 && figures.every(({ ok }) => ok !== false);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

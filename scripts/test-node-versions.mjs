import { ensureInstalled } from "./install.mjs";
import { findNode, NODE_VERSIONS } from "./node-versions.mjs";
import { formatDuration, showStep } from "./step-timer.mjs";
import { testSuites } from "./steps.mjs";

// `npm run test:node-versions`: the unit, native and e2e tests on every supported Node.
const rows = [["node", ...testSuites.map(({ name }) => name), "time"]];
let failed = 0;
await ensureInstalled();
for (const version of NODE_VERSIONS) {
  const { path, exact } = await findNode(version);
  const row = [exact];
  let totalMs = 0;
  for (const { name, run } of testSuites) {
    const end = showStep(`${exact} ${name}`);
    const result = await run({ node: path, env: { NO_COLOR: "1" } });
    end(result.failed === 0 ? "passed" : "failed");
    if (result.failed > 0) process.stdout.write(`\n── ${exact} ${name} ──\n${result.output}\n`);
    failed += result.failed;
    totalMs += result.durationMs;
    row.push(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  }
  rows.push([...row, formatDuration(totalMs)]);
}
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
for (const row of rows) {
  process.stdout.write(
    `${row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd()}\n`,
  );
}
process.exitCode = failed > 0 ? 1 : 0;

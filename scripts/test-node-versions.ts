import { findNode, NODE_VERSIONS } from "./node-versions.js";
import { formatDuration, showStep } from "./step-timer.mjs";
import { testSuites } from "./steps.js";
import { formatTable } from "./table.js";

// `npm run test:node-versions`: the unit, native and e2e tests on every supported Node.
const rows = [["node", ...testSuites.map(({ name }) => name), "time"]];
let failed = 0;
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
process.stdout.write(formatTable(rows));
process.exitCode = failed > 0 ? 1 : 0;

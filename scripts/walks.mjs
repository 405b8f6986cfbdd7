import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { runNode } from "./run.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { root } from "./workspace.mjs";

// npm run walks [-- --write | --json]: see bench/walks.ts.
await ensureInstalled();
const { code, output } = await runNode([
  ...sourceFlags,
  join(root, "bench/walks.ts"),
  ...process.argv.slice(2),
]);
process.stdout.write(output);
process.exitCode = code;

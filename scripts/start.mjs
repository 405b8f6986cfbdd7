import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { root } from "./workspace.mjs";

// `npm start`: what is missing is installed, then the model server runs from source. Arguments are
// flags of the command: `npm start -- --rest_api_port=9000`.
try {
  await ensureInstalled();
  const args = [...sourceFlags, join(root, "scripts/serve-digits.ts"), ...process.argv.slice(2)];
  const server = spawn(process.execPath, args, { stdio: "inherit" });
  // The server ends when it has drained; this process waits for it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => server.kill(signal));
  }
  server.on("close", (code) => {
    process.exitCode = code ?? 1;
  });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

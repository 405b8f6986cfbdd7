import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";
import { isProgram, readManifest, root } from "./workspace.mjs";

/**
 * The command line that runs a program of an npm package without installing it anywhere.
 *
 * npm names its own entry file in `npm_execpath` when it runs a script; that file, run by this
 * Node, needs no shell on any platform. Outside of npm the npm beside this Node is used.
 *
 * @param {string} packageSpec such as `pnpm@10.34.8`
 * @param {readonly string[]} args the program and its arguments
 */
function npmExec(packageSpec, args) {
  const candidates = [
    process.env.npm_execpath,
    join(dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js"),
    join(dirname(process.execPath), "node_modules/npm/bin/npm-cli.js"),
  ];
  const cli = candidates.find((path) => path?.endsWith("npm-cli.js") && existsSync(path));
  const npmArgs = ["exec", "--yes", `--package=${packageSpec}`, "--", ...args];
  return cli
    ? { command: process.execPath, args: [cli, ...npmArgs], shell: false }
    : { command: "npm", args: npmArgs, shell: process.platform === "win32" };
}

/**
 * Runs `args` with the programs of `packageSpec` on the PATH and keeps the output.
 *
 * @param {string} packageSpec
 * @param {readonly string[]} args
 * @param {import("./run.mjs").RunOptions} [options]
 */
export function npx(packageSpec, args, options = {}) {
  const { command, args: npmArgs, shell } = npmExec(packageSpec, args);
  return run(command, npmArgs, { ...options, shell });
}

const pinnedPnpm = () => String(readManifest(".").packageManager);

/**
 * Runs the pinned pnpm. The workspace needs pnpm because npm refuses `workspace:` dependencies;
 * no one has to have it.
 *
 * @param {readonly string[]} args
 * @param {import("./run.mjs").RunOptions} [options]
 */
export const pnpm = (args, options = {}) =>
  npx(pinnedPnpm(), ["pnpm", ...args], { ...options, env: { CI: "true", ...options.env } });

// As a program: `node scripts/npx.mjs -r build` is `pnpm -r build`, in the open.
if (isProgram(import.meta.url)) {
  const { command, args, shell } = npmExec(pinnedPnpm(), ["pnpm", ...process.argv.slice(2)]);
  const child = spawn(command, args, { cwd: root, shell, stdio: "inherit" });
  child.on("close", (code) => process.exit(code ?? 1));
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The folder of the whole repository. */
export const repository = resolve(import.meta.dirname, "../../..");

const running = new Set<ChildProcess>();
const folders: string[] = [];

/** Ends what is still running: for `afterEach`. */
export function endCommands(): void {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A folder of its own for each server, as a test that ends it while it loads is not a crash for the next. */
function stateFlag(args: readonly string[]): string[] {
  if (args.some((arg) => !arg.startsWith("--") || arg.startsWith("--state_dir"))) return [];
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-state-"));
  folders.push(folder);
  return [`--state_dir=${folder}`];
}

/** Arguments of Node that run the command as it is published: built before the tests. */
export const BUILT = [join(repository, "packages/serving-kit/dist/bin.js")];

/** Arguments of Node that run the command from source: event loops too read plugins in TypeScript then. */
export const SOURCE = [
  ...["--conditions=@serving-kit/source", "--import", "tsx"],
  join(repository, "packages/serving-kit/src/bin.ts"),
];

/** Runs the command. */
export const start = (...args: string[]) => startIn({}, ...args);

/** Runs the command with some more environment variables. */
export const startIn = (environment: NodeJS.ProcessEnv, ...args: string[]) =>
  startNode(environment, [...BUILT, ...args, ...stateFlag(args)]);

/** Runs the command from source. */
export const startSource = (...args: string[]) => startSourceIn({}, ...args);

/** Runs the command from source with some more environment variables. */
export const startSourceIn = (environment: NodeJS.ProcessEnv, ...args: string[]) =>
  startNode(environment, [...SOURCE, ...args, ...stateFlag(args)]);

function startNode(environment: NodeJS.ProcessEnv, args: readonly string[]) {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, args, { cwd: repository, env });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    output.stderr += text;
  });
  /** The exit code, or the signal, once both outputs have been read to their ends. */
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number);
  /** Resolves when the output has the pattern, with the whole match. */
  const said = async (pattern: RegExp) => {
    let hasEnded = false;
    const end = ended.then(() => {
      hasEnded = true;
    });
    for (;;) {
      const found = pattern.exec(output.stdout);
      if (found) return found[0];
      if (hasEnded) throw new Error(`ended with ${await ended}: ${output.stderr}`);
      await Promise.race([once(child.stdout, "data"), end]);
    }
  };
  return { child, output, ended, said };
}

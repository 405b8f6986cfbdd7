import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { sourceFlags } from "./source-flags.mjs";
import { root } from "./workspace.mjs";

// `npm run test:rows [-- SET …]`: makes models whose rows are independent or not by construction, and prints what
// `batching: "auto"` finds. Fails if a dependent model is batched, or fewer than 70 % of the independent ones. Needs
// Python with TensorFlow (SERVING_KIT_PYTHON, default python3) and libtensorflow.
const SETS = ["dependent", "holdout", "own", "unseen", "independent", "numerics"];

const python = process.env.SERVING_KIT_PYTHON ?? "python3";
const cache = process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit");
const folder = join(cache, "rows");

function run(command: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) throw error;
  return status === 0;
}

/** The folder with the models of a set, which are made once. */
function made(set: string): string {
  const path = join(folder, set);
  if (existsSync(path)) return path;
  const partial = `${path}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const script = join(root, "scripts/row-independence/make_models.py");
  if (!run(python, [script, partial, set])) throw new Error(`the models of ${set} were not made`);
  renameSync(partial, path);
  return path;
}

const wanted = process.argv.slice(2);
const folders = SETS.filter((set) => wanted.length === 0 || wanted.includes(set)).map(made);
const program = join(root, "scripts/row-independence/verdicts.ts");
process.exitCode = run(process.execPath, [...sourceFlags, program, ...folders]) ? 0 : 1;

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { root } from "./workspace.mjs";

// `npm run test:trees [-- VERSION …]`: trains models of every form with XGBoost and LightGBM, and compares all answers
// of servable-trees with theirs. Needs Python 3.9 to 3.12 with pip (SERVING_KIT_PYTHON, default python3); the
// libraries are installed into the cache folder.
const TOOLS = ["pandas", "scikit-learn", "scipy"];
const SETS = [
  { name: "xgboost-3.2.0", library: "xgboost", packages: ["xgboost-cpu==3.2.0", ...TOOLS] },
  {
    name: "xgboost-2.1.4",
    library: "xgboost",
    packages: ["xgboost-cpu==2.1.4", "pandas<2.3", "scipy<1.14", "numpy<2", "scikit-learn<1.6"],
  },
  {
    name: "xgboost-1.7.6",
    library: "xgboost",
    packages: ["xgboost==1.7.6", "numpy<2", "pandas<2.3", "scipy<1.14", "scikit-learn<1.6"],
  },
  { name: "lightgbm-4.7.0", library: "lightgbm", packages: ["lightgbm==4.7.0", ...TOOLS] },
];

const python = process.env.SERVING_KIT_PYTHON ?? "python3";
const cache = process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit");

function run(command, args, env = {}) {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...env } };
  const { status, error } = spawnSync(command, args, options);
  if (error) throw error;
  return status === 0;
}

/** The folder with a library of a version, which is installed once. */
function installed({ name, packages }) {
  const folder = join(cache, "trees", name);
  if (existsSync(join(folder, "installed"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  const args = ["-m", "pip", "install", "--quiet", "--target", folder, ...packages];
  if (!run(python, args))
    throw new Error(`${name} was not installed; SERVING_KIT_PYTHON names a Python`);
  mkdirSync(join(folder, "installed"));
  return folder;
}

/** Trains the models of a set and compares the answers to them. */
function test(set) {
  const models = join(cache, "trees", `models-${set.name}`);
  rmSync(models, { recursive: true, force: true });
  const script = join(root, "packages/servable-trees/scripts/make-models.py");
  const env = { PYTHONPATH: installed(set) };
  if (!run(python, [script, models, set.library, "full"], env)) return false;
  const file = "packages/servable-trees/test/answers.test.ts";
  const args = ["vitest", "run", "--project", "native", file, "--testTimeout=120000"];
  return run("npx", args, { SERVING_KIT_TREE_MODELS: models });
}

await ensureInstalled();
const wanted = process.argv.slice(2);
const chosen = SETS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((one) => name.includes(one)),
);
if (chosen.length === 0)
  throw new Error(`expected some of ${SETS.map(({ name }) => name).join(", ")}`);
const failed = chosen.filter((set) => !test(set));
for (const { name } of chosen) {
  const hasFailed = failed.some((set) => set.name === name);
  process.stdout.write(`${hasFailed ? "✗" : "✓"} ${name}\n`);
}
process.exitCode = failed.length === 0 ? 0 : 1;

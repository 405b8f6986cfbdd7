import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { root } from "./workspace.mjs";

// `npm run test:python [-- NAME …]`: the tests of servable-python with virtual environments that have TensorFlow,
// ai-edge-litert alone, and tflite-runtime alone, with 100 crashes and 2,000 calls. Needs Python 3.9 to 3.11 with venv
// (SERVING_KIT_PYTHON, default python3), for which tflite-runtime has wheels; the environments are made once in the
// cache folder.
const SETS = [
  { name: "ai-edge-litert", packages: ["ai-edge-litert", "numpy>=2"] },
  { name: "tflite-runtime", packages: ["tflite-runtime", "numpy<2"] },
  { name: "tensorflow-cpu", packages: ["tensorflow-cpu"] },
];

const python = process.env.SERVING_KIT_PYTHON ?? "python3";
const cache = process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit");

function run(command, args, env = {}) {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...env } };
  const { status, error } = spawnSync(command, args, options);
  if (error) throw error;
  return status === 0;
}

/** The interpreter of an environment, which is made once. */
function interpreterOf({ name, packages }) {
  const folder = join(cache, "python", name);
  const interpreter = join(folder, "bin/python");
  if (existsSync(join(folder, "installed"))) return interpreter;
  rmSync(folder, { recursive: true, force: true });
  const isMade =
    run(python, ["-m", "venv", folder]) &&
    run(interpreter, ["-m", "pip", "install", "--quiet", ...packages]);
  if (!isMade) throw new Error(`${name} was not installed; SERVING_KIT_PYTHON names a Python`);
  mkdirSync(join(folder, "installed"));
  return interpreter;
}

function test(set, isFirst) {
  const files = [
    "packages/servable-python/test/seed.test.ts",
    "packages/servable-python/test/tensors.test.ts",
    "packages/serving-kit/test/python.e2e.test.ts",
  ];
  if (isFirst) {
    files.push("packages/servable-python/test", "packages/server/test/python-models.test.ts");
    files.push("examples/python-models");
  }
  const projects = ["--project=native", "--project=e2e"];
  const args = ["vitest", "run", ...projects, ...files, "--testTimeout=120000"];
  return run("npx", args, {
    SERVING_KIT_PYTHON: interpreterOf(set),
    SERVING_KIT_PYTHON_SEED: "required",
    SERVING_KIT_CRASHES: "100",
    SERVING_KIT_CALLS: "2000",
  });
}

await ensureInstalled();
const wanted = process.argv.slice(2);
const chosen = SETS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((one) => name.includes(one)),
);
if (chosen.length === 0)
  throw new Error(`expected some of ${SETS.map(({ name }) => name).join(", ")}`);
const failed = chosen.filter((set, i) => !test(set, i === 0));
for (const { name } of chosen) {
  const hasFailed = failed.some((set) => set.name === name);
  process.stdout.write(`${hasFailed ? "✗" : "✓"} ${name}\n`);
}
process.exitCode = failed.length === 0 ? 0 : 1;

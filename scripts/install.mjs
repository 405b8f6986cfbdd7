import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pnpm } from "./npx.mjs";
import { runNode } from "./run.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { showStep } from "./step-timer.mjs";
import { requireSupportedNode, root } from "./workspace.mjs";

const stampFile = join(root, "node_modules/.install-stamp");

/** The scripts that fetch native libraries, and what follows if one cannot. */
const LIBRARIES = [
  {
    name: "TensorFlow Lite",
    script: "packages/servable-tflite/scripts/platform-packages.mjs",
    otherwise: "TensorFlow Lite 2.9 is used instead",
  },
  {
    name: "ONNX Runtime",
    script: "packages/servable-onnx/scripts/platform-packages.mjs",
    otherwise: "ONNX models cannot be served, and their tests are skipped",
  },
];

/** The inputs of an installation: the lockfile, the settings, and what optional packages fit. */
function wantedStamp() {
  const hash = createHash("sha256");
  const scripts = LIBRARIES.map(({ script }) => script);
  const pins = ["packages/servable-onnx/src/install/libraries.ts"];
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...scripts, ...pins]) {
    if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  }
  return `${hash.digest("hex")} ${process.platform}-${process.arch}\n`;
}

async function step(label, action) {
  const end = showStep(label);
  const { code, output } = await action();
  end(code === 0 ? "done" : "failed");
  if (code === 0) return;
  throw new Error(`${label} failed with exit code ${code}:\n\n${output.trim()}\n`);
}

/**
 * Fetches a library for this platform. Returns whether it is there. It comes from another registry than the
 * dependencies.
 */
async function fetchLibrary({ name, script, otherwise }) {
  if (!existsSync(join(root, script))) return true;
  const end = showStep(`fetching ${name} for this platform`);
  const { code, output } = await runNode([...sourceFlags, script]);
  end(code === 0 ? "done" : "failed");
  if (code === 0) return true;
  process.stderr.write(
    `${output.trim()}\n${otherwise}, and the packages cannot be packed. The next npm command tries again.\n`,
  );
  return false;
}

/**
 * Makes the workspace ready to run: dependencies by the pinned pnpm as the lockfile says, and the
 * native libraries of this platform. A stamp beside the dependencies skips both when nothing they
 * depend on has changed since.
 */
export async function ensureInstalled() {
  requireSupportedNode();
  const wanted = wantedStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return;
  rmSync(stampFile, { force: true });
  await step("installing dependencies", () =>
    pnpm(["install", "--frozen-lockfile", "--reporter=append-only"]),
  );
  const fetched = [];
  for (const library of LIBRARIES) fetched.push(await fetchLibrary(library));
  if (fetched.includes(false)) return;
  writeFileSync(stampFile, wanted);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await ensureInstalled().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pnpm } from "./npx.mjs";
import { runNode } from "./run.mjs";
import { showStep } from "./step-timer.mjs";
import { requireSupportedNode, root } from "./workspace.mjs";

const stampFile = join(root, "node_modules/.install-stamp");
const platformPackagesScript = "packages/servable-tflite/scripts/platform-packages.mjs";

/** What an installation depends on: the lockfile, the settings, and what optional packages fit. */
function wantedStamp() {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", platformPackagesScript]) {
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
 * Fetches the libraries of TensorFlow Lite for this platform. Returns whether all are there. 2.21 comes
 * from another registry than the dependencies: if that one fails, 2.9, which is among them, is used.
 */
async function fetchLibraries() {
  const end = showStep("fetching the TensorFlow Lite libraries of this platform");
  const { code, output } = await runNode([platformPackagesScript]);
  end(code === 0 ? "done" : "failed");
  if (code === 0) return true;
  process.stderr.write(
    `${output.trim()}\nTensorFlow Lite 2.9 is used instead, and the packages cannot be packed. The next npm command tries again.\n`,
  );
  return false;
}

/**
 * Makes the workspace ready to run: dependencies by the pinned pnpm as the lockfile says, and the
 * TFLite libraries of this platform. A stamp beside the dependencies skips both when nothing they
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
  if (existsSync(join(root, platformPackagesScript))) {
    if (!(await fetchLibraries())) return;
  }
  writeFileSync(stampFile, wanted);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await ensureInstalled().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

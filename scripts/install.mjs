import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pnpm } from "./npx.mjs";
import { runNode } from "./run.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { showStep } from "./step-timer.mjs";
import { isProgram, requireSupportedNode, root } from "./workspace.mjs";

/** The inputs of each installation, as hashes. */
const stampsFile = join(root, "node_modules/.installed.json");

/**
 * A native library: the script that fetches it, the files that determine it, and the consequence if it cannot be had.
 *
 * @typedef {{ title: string, script: string, inputs: readonly string[], otherwise: string }} Library
 */

/** The native libraries that are fetched for this platform. */
const libraries = {
  /** @type {Library} */
  tflite: {
    title: "TensorFlow Lite",
    script: "packages/servable-tflite/scripts/platform-packages.mjs",
    inputs: [],
    otherwise: "TensorFlow Lite 2.9 is used instead",
  },
  /** @type {Library} */
  onnxruntime: {
    title: "ONNX Runtime",
    script: "packages/servable-onnx/scripts/platform-packages.mjs",
    inputs: ["packages/servable-onnx/src/install/libraries.ts"],
    otherwise: "ONNX models cannot be served, and their tests are skipped",
  },
};

/** @typedef {keyof typeof libraries} LibraryName */

const DEPENDENCIES = ["pnpm-lock.yaml", "pnpm-workspace.yaml"];

/** @param {readonly string[]} files */
function stampOf(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  }
  return `${hash.digest("hex")} ${process.platform}-${process.arch}`;
}

/** @returns {Record<string, string>} */
function readStamps() {
  try {
    return JSON.parse(readFileSync(stampsFile, "utf8"));
  } catch {
    return {}; // nothing is installed, or what is there was written by half
  }
}

/**
 * Runs an action unless its inputs are those of the last time that it succeeded.
 *
 * @param {string} name
 * @param {readonly string[]} inputs
 * @param {() => Promise<boolean>} action returns whether it succeeded
 */
async function once(name, inputs, action) {
  const wanted = stampOf(inputs);
  if (readStamps()[name] === wanted || !(await action())) return;
  writeFileSync(stampsFile, `${JSON.stringify({ ...readStamps(), [name]: wanted }, null, 2)}\n`);
}

async function installDependencies() {
  const label = "installing dependencies";
  const end = showStep(label);
  const { code, output } = await pnpm(["install", "--frozen-lockfile", "--reporter=append-only"]);
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`${label} failed with exit code ${code}:\n\n${output.trim()}\n`);
  return true;
}

/**
 * Fetches a library for this platform, from another registry than the dependencies. Returns whether it is there.
 *
 * @param {Library} library
 */
async function fetchLibrary({ title, script, otherwise }) {
  if (!existsSync(join(root, script))) return true;
  const end = showStep(`fetching ${title} for this platform`);
  const { code, output } = await runNode([...sourceFlags, script]);
  end(code === 0 ? "done" : "failed");
  if (code === 0) return true;
  process.stderr.write(
    `${output.trim()}\n${otherwise}, and the packages cannot be packed. The next npm command tries again.\n`,
  );
  return false;
}

/**
 * Makes the workspace ready to run: dependencies by the pinned pnpm as the lockfile says, and native libraries of this
 * platform. What is installed already is skipped.
 *
 * @param {{ libraries?: readonly LibraryName[] }} [options] the libraries that are needed. Default: all.
 */
export async function ensureInstalled({ libraries: names = libraryNames } = {}) {
  requireSupportedNode();
  await once("dependencies", DEPENDENCIES, installDependencies);
  for (const name of names) {
    const { script, inputs } = libraries[name];
    // A reinstallation may have removed it.
    await once(name, [...DEPENDENCIES, script, ...inputs], () => fetchLibrary(libraries[name]));
  }
}

/** The names of all native libraries. */
export const libraryNames = /** @type {LibraryName[]} */ (Object.keys(libraries));

if (isProgram(import.meta.url)) {
  await ensureInstalled().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

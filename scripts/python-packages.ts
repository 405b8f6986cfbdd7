import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "./workspace.mjs";

/** The Python of the tests by hand. */
export const python = process.env.SERVING_KIT_PYTHON ?? "python3";

/** The folder for what these tests download. */
export const cache = process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit");

/** Runs a program at the root, with the streams of this process. Returns whether it exited with 0. */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): boolean {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  return status === 0;
}

const PROJECTS = ["--project=native", "--project=e2e"];

/** Runs test files with vitest. */
export const runTests = (files: readonly string[], env?: NodeJS.ProcessEnv) =>
  run("npx", ["vitest", "run", ...PROJECTS, ...files, "--testTimeout=120000"], env);

/**
 * Fills a folder once: a mark in it says that it is complete. Returns the folder.
 *
 * @param fill Returns whether it succeeded.
 */
function filled(folder: string, what: string, fill: () => boolean): string {
  if (existsSync(join(folder, "complete"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (!fill()) throw new Error(`${what} failed; SERVING_KIT_PYTHON names a Python with pip`);
  mkdirSync(join(folder, "complete"));
  return folder;
}

/** Installs Python packages into a folder, for PYTHONPATH. Returns the folder. */
export const installPackages = (folder: string, packages: readonly string[]) =>
  filled(folder, `installing ${packages.join(", ")}`, () =>
    run(python, ["-m", "pip", "install", "--quiet", "--target", folder, ...packages]),
  );

/** Downloads the wheel of a Python package into a folder. Returns the folder. */
export const downloadPackage = (folder: string, name: string) =>
  filled(folder, `downloading ${name}`, () =>
    run(python, ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, name]),
  );

/** Makes a virtual environment with packages. Returns the path of its interpreter. */
export function makeEnvironment(folder: string, packages: readonly string[]): string {
  const interpreter = join(folder, "bin/python");
  filled(folder, `making an environment with ${packages.join(", ")}`, () => {
    const isMade = run(python, ["-m", "venv", folder]);
    return isMade && run(interpreter, ["-m", "pip", "install", "--quiet", ...packages]);
  });
  return interpreter;
}

/**
 * Tests those of `all` whose names contain a word of the command line, all without words, and prints a line for each.
 * The exit code is 1 if one fails.
 */
export function testEach<T extends { readonly name: string }>(
  all: readonly T[],
  test: (one: T, index: number) => boolean,
): void {
  const words = process.argv.slice(2);
  const chosen = all.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  );
  if (chosen.length === 0) {
    throw new Error(`expected some of ${all.map(({ name }) => name).join(", ")}`);
  }
  const lines = chosen.map((one, i) => `${test(one, i) ? "✓" : "✗"} ${one.name}\n`);
  process.stdout.write(lines.join(""));
  process.exitCode = lines.some((line) => line.startsWith("✗")) ? 1 : 0;
}

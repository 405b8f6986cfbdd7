/**
 * Runs test/valgrind-child.ts under valgrind, which finds each read and write of freed memory in TensorFlow
 * Lite, and then again in a build that keeps pointers to tensors, which valgrind must report. On both
 * runtimes. Linux, with valgrind (Debian: apt-get install valgrind).
 *
 *     node --import tsx packages/servable-tflite/scripts/valgrind.ts
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

const packages = fileURLToPath(new URL("../..", import.meta.url));
const models = fileURLToPath(new URL("../test/models", import.meta.url));
const child = fileURLToPath(new URL("../test/valgrind-child.ts", import.meta.url));

/** The line by which TensorMemory locates its tensor at each use, and a line that keeps the pointer. */
const LOCATES = "this.#locate = locate;";
const KEEPS = "const kept = locate(); this.#locate = () => kept;";

/** The libraries of this platform. */
const libraries = ["", "2.9-"].flatMap((runtime) => {
  const folder = join(
    packages,
    `servable-tflite/npm/${runtime}${process.platform}-${process.arch}/lib`,
  );
  return readdirSync(folder).map((file) => join(folder, file));
});

/** A program of one file, which valgrind starts sooner than sources. */
async function bundle(folder: string): Promise<string> {
  await build({
    entry: { child },
    outDir: folder,
    format: ["esm"],
    target: "node20",
    silent: true,
    config: false,
    noExternal: [/^@serving-kit\//],
    external: ["koffi"],
    esbuildOptions: (options) => {
      options.conditions = ["@serving-kit/source"];
    },
  });
  return join(folder, "child.js");
}

/** Errors of memory in frames of TensorFlow Lite or koffi: what V8 does with its own is not looked at. */
function run(program: string, library: string) {
  const { status, stdout, stderr } = spawnSync(
    "valgrind",
    [
      "--smc-check=all-non-file",
      "--undef-value-errors=no",
      "--leak-check=no",
      "--num-callers=12",
      "--error-limit=no",
      process.execPath,
      "--jitless",
      program,
      models,
    ],
    {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      env: { ...process.env, SERVING_KIT_TFLITE_LIBRARY: library },
    },
  );
  const errors = stderr
    .split(/^==\d+== *$/m)
    .filter((text) => /Invalid (?:read|write|free)/.test(text))
    .filter((text) => /tensorflowlite|koffi/.test(text));
  return { status, stdout, stderr, errors };
}

/** Returns whether valgrind finds nothing in the program, and something in the broken one. */
function check(program: string, broken: string, library: string): boolean {
  const sound = run(program, library);
  const reported = run(broken, library);
  console.log(
    `${library}: exit code ${sound.status}, ${sound.errors.length} errors; ` +
      `build that keeps pointers: ${reported.errors.length} errors`,
  );
  const isSound = sound.status === 0 && sound.stdout === "done" && sound.errors.length === 0;
  if (!isSound) console.error(sound.errors.slice(0, 3).join("\n") || sound.stderr.slice(-4_000));
  return isSound && reported.errors.length > 0;
}

// The bundle finds koffi from there.
const folder = mkdtempSync(join(packages, "native-library/.valgrind-"));
try {
  const program = await bundle(folder);
  const source = readFileSync(program, "utf8");
  if (source.split(LOCATES).length !== 2)
    throw new Error(`expected one "${LOCATES}" in ${program}`);
  const broken = join(folder, "broken.js");
  writeFileSync(broken, source.replace(LOCATES, KEEPS));
  const results = libraries.map((library) => check(program, broken, library));
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

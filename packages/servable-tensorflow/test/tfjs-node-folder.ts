import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { copyFile, link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cacheFolder } from "@serving-kit/native-library";

/** The newest; its own install step downloads a library and an addon, which are made here instead. */
const PACKAGES = ["@tensorflow/tfjs-node@4.22.0", "node-api-headers@1.9.0"];
const ADDON = "lib/napi-v8/tfjs_binding.node";
const SOURCES = ["binding/tfjs_backend.cc", "binding/tfjs_binding.cc"];

/** The headers that the addon includes; all are `tensorflow_c.h`. */
const HEADERS = [
  ...["c/c_api.h", "c/eager/c_api.h", "c/tf_datatype.h", "c/tf_status.h", "c/tf_tensor.h"],
  "core/platform/ctstring_internal.h",
];
/** The file that tells what a folder is made of. */
const RECIPE = "recipe.txt";
const TIMEOUT_MS = 90_000;

const run = promisify(execFile);
const header = fileURLToPath(new URL("native/tensorflow_c.h", import.meta.url));

/** A folder where tfjs-node is installed with the library at a path, or why there is none. */
export type TfjsNodeFolder = { readonly folder: string } | { readonly skipped: string };

/**
 * Installs `@tensorflow/tfjs-node` into the cache folder and builds its addon, which takes half a
 * minute the first time. Its `deps/lib` has the library in the form of the official archive.
 */
export async function tfjsNodeFolder(library: string): Promise<TfjsNodeFolder> {
  if (process.platform !== "linux") return { skipped: "its addon is built here on Linux only" };
  if (Number.parseInt(process.versions.node, 10) >= 23) {
    return { skipped: "tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed" };
  }
  if (spawnSync("c++", ["--version"]).status !== 0) {
    return { skipped: "there is no C++ compiler c++ to build its addon with" };
  }
  const parent = join(cacheFolder(), "test");
  const folder = join(parent, "tfjs-node");
  const recipe = recipeOf(library);
  if ((await readFile(join(folder, RECIPE), "utf8").catch(() => "")) === recipe) return { folder };
  await mkdir(parent, { recursive: true });
  const scratch = await mkdtemp(join(parent, ".making-"));
  try {
    await install(scratch);
    await addLibrary(scratch, library);
    await build(scratch);
    await writeFile(join(scratch, RECIPE), recipe);
    await rm(folder, { recursive: true, force: true });
    await rename(scratch, folder);
    return { folder };
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    const problem = /^(?:npm error|.*error:).*$/m.exec(stderr)?.[0] ?? message.split("\n")[0];
    return { skipped: `it cannot be made: ${problem}` };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The parts of a folder. If they change, the folder must be made again. */
function recipeOf(library: string): string {
  const { size, mtimeMs } = statSync(library);
  const sources = [readFileSync(fileURLToPath(import.meta.url)), readFileSync(header)];
  const hash = createHash("sha256").update(JSON.stringify([library, size, mtimeMs]));
  for (const source of sources) hash.update(source);
  return hash.digest("hex");
}

const packageIn = (folder: string) => join(folder, "node_modules/@tensorflow/tfjs-node");

async function install(folder: string): Promise<void> {
  await writeFile(join(folder, "package.json"), `${JSON.stringify({ private: true })}\n`);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"];
  await run("npm", ["install", ...flags, ...PACKAGES], { cwd: folder, timeout: TIMEOUT_MS });
}

/** By hard links where that can be, so that what is mapped has the path in `deps/lib`. */
async function addLibrary(folder: string, library: string): Promise<void> {
  const lib = join(packageIn(folder), "deps/lib");
  await mkdir(lib, { recursive: true });
  const framework = "libtensorflow_framework.so.2";
  for (const [from, to] of [
    [library, "libtensorflow.so.2"],
    [join(dirname(library), framework), framework],
  ] as const) {
    await link(from, join(lib, to)).catch(() => copyFile(from, join(lib, to)));
  }
}

/**
 * As its binding.gyp does. It is linked with empty libraries of those names: they are the ones that
 * are opened, and to link with the real ones takes many times as long.
 */
async function build(folder: string): Promise<void> {
  const cwd = packageIn(folder);
  const include = join(cwd, "deps/include");
  for (const name of HEADERS) {
    await mkdir(join(include, "tensorflow", dirname(name)), { recursive: true });
    await copyFile(header, join(include, "tensorflow", name));
  }
  await mkdir(join(cwd, dirname(ADDON)), { recursive: true });
  await mkdir(join(cwd, "build"));
  const libraries = ["libtensorflow.so.2", "libtensorflow_framework.so.2"];
  for (const name of libraries) {
    const out = join("build", name);
    await run("c++", ["-shared", "-x", "c++", "/dev/null", `-Wl,-soname,${name}`, "-o", out], {
      cwd,
    });
  }
  const flags = ["-std=c++17", "-shared", "-fPIC", "-w", "-DNAPI_VERSION=8"];
  const includes = ["..", include, join(folder, "node_modules/node-api-headers/include")];
  const linked = ["-Wl,--no-as-needed", ...libraries.map((name) => join("build", name))];
  const path = "-Wl,-rpath,$ORIGIN/../../deps/lib";
  const args = [...flags, ...includes.map((name) => `-I${name}`), ...SOURCES, ...linked, path];
  await run("c++", [...args, "-o", ADDON], { cwd, timeout: TIMEOUT_MS });
}

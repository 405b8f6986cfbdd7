import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { isServingError, messageOf } from "@serving-kit/core";
import type { InstalledLibrary, InstallLibraryOptions } from "@serving-kit/inference";
import { cacheFolder, pythonPrograms, pythonSurroundings } from "@serving-kit/native-library";
import { openPromise } from "yauzl";
import { errors } from "../errors.js";
import { CACHED_FOLDER, LIBRARY_VARIABLE } from "../native/library.js";
import { LIBRARIES, LICENCES, libraryName, type PinnedLibrary, PYTHON } from "./libraries.js";

/** Maximum size of a file in a package: what it unpacks to is bounded before its checksum is known. */
const MAX_FILE_BYTES = 2 ** 27;

/** The library in a package of any version. */
const LIBRARY =
  /^onnxruntime\/capi\/(libonnxruntime\.so\.[\d.]+|libonnxruntime\.[\d.]+\.dylib|onnxruntime\.dll)$/;

const TITLE = "ONNX Runtime";

/**
 * Gets ONNX Runtime: lets pip download its Python package, checks the library in it and unpacks it, with its licences.
 * Needs pip, but no Python of a certain version. What is there already is compared with its checksum, and replaced if
 * it is damaged. Another version than the one that was tested needs the SHA-256 of its package (`sha256`).
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with what to do by hand; the signal's reason.
 */
export async function installOnnxRuntime(
  options: InstallLibraryOptions = {},
): Promise<InstalledLibrary> {
  const { signal } = options;
  const folder = options.dir ?? join(cacheFolder(), CACHED_FOLDER);
  const here = `${process.platform}-${process.arch}`;
  const pinned = Object.hasOwn(LIBRARIES, here) ? LIBRARIES[here] : undefined;
  if (pinned === undefined) {
    throw errors.installFailed(`no package carries it for ${here}`, "Build it, and name its path");
  }
  const version = options.version ?? pinned.version;
  const isTested = version === pinned.version;
  const library = join(folder, libraryName(pinned));
  const facts = { name: TITLE, version, folder, library, variable: LIBRARY_VARIABLE };
  try {
    if (!isTested && options.sha256 === undefined) throw checksumUnknown(version, pinned);
    const present = await hashOf(library);
    signal?.throwIfAborted();
    if (isTested && present === pinned.sha256) return { ...facts, isNew: false, repaired: [] };
    await download({ ...pinned, version }, isTested, folder, options);
    return { ...facts, isNew: true, repaired: present === undefined ? [] : [libraryName(pinned)] };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const remedy = `By hand: \`pip install onnxruntime==${version}\` into the Python on PATH, whose library is then used`;
    throw isServingError(error) ? error : errors.installFailed(messageOf(error), remedy, error);
  }
}

const checksumUnknown = (version: string, tested: PinnedLibrary) =>
  new Error(
    `the checksum of onnxruntime ${version} is not known; expected ${tested.version}, or the SHA-256 of its package ` +
      "by --sha256 (sha256), from a source that you trust",
  );

/** Downloads and unpacks a package, and renames its files into place once they are checked. */
async function download(
  library: PinnedLibrary,
  isTested: boolean,
  folder: string,
  { onProgress, signal, sha256 }: InstallLibraryOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, ".downloading-"));
  try {
    onProgress?.({ step: "downloading", bytes: 0 });
    const wheel = await downloadWheel(library, scratch, signal);
    if (sha256 !== undefined) await checkHash(wheel, basename(wheel), sha256);
    onProgress?.({ step: "unpacking", bytes: 0 });
    const names = await unpack(wheel, library, scratch);
    signal?.throwIfAborted();
    onProgress?.({ step: "checking", bytes: 0 });
    if (isTested)
      await checkHash(join(scratch, libraryName(library)), library.file, library.sha256);
    for (const name of names) await rename(join(scratch, name), join(folder, name));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Lets pip download a package, which it checks against its index. Returns its path. */
async function downloadWheel(
  { version, platform }: PinnedLibrary,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const args = [
    ...["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"],
    ...["--implementation", "cp", "--python-version", PYTHON, "--platform", platform],
    ...["--no-input", "--disable-pip-version-check", "--dest", folder, `onnxruntime==${version}`],
  ];
  let problem = "there is no Python with pip";
  for (const python of pythonPrograms()) {
    problem = (await runPython(python, args, signal)) ?? problem;
    signal?.throwIfAborted();
    const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"));
    if (wheel !== undefined) return join(folder, wheel);
  }
  throw new Error(problem);
}

/** Runs Python; returns the last line of what it wrote to stderr if it fails. */
async function runPython(
  python: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  await using surroundings = await pythonSurroundings();
  const { cwd, env } = surroundings;
  const options = { cwd, env, windowsHide: true, ...(signal && { signal }) };
  return await new Promise((resolve) => {
    execFile(python, args, options, (error, _, stderr) => {
      resolve(error ? stderr.trim().split("\n").at(-1) || messageOf(error) : undefined);
    });
  });
}

/** Unpacks the library and the licences, under their own names; no path in the archive has any effect. */
async function unpack(
  wheel: string,
  library: PinnedLibrary,
  folder: string,
): Promise<readonly string[]> {
  const names: string[] = [];
  const archive = await openPromise(wheel, { autoClose: false });
  try {
    for await (const entry of archive.eachEntry()) {
      const { fileName, uncompressedSize } = entry;
      const licence = LICENCES.find((name) => fileName === `onnxruntime/${name}`);
      const name = licence ?? (LIBRARY.test(fileName) ? libraryName(library) : undefined);
      if (name === undefined) continue;
      if (uncompressedSize > MAX_FILE_BYTES) {
        throw new Error(
          `${fileName} must have at most ${MAX_FILE_BYTES} bytes; got ${uncompressedSize}`,
        );
      }
      await writeFile(join(folder, name), await buffer(await archive.openReadStreamPromise(entry)));
      names.push(name);
    }
  } finally {
    archive.close();
  }
  if (!names.includes(libraryName(library))) throw new Error(`${wheel} has no ${library.file}`);
  return names;
}

/** @throws Error if a file has another SHA-256. */
async function checkHash(path: string, name: string, sha256: string): Promise<void> {
  const actual = await hashOf(path);
  if (actual !== sha256) throw new Error(`${name} must have SHA-256 ${sha256}; got ${actual}`);
}

async function hashOf(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && createHash("sha256").update(bytes).digest("hex");
}

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join, parse } from "node:path";

/**
 * The platform packages of a library: each folder `npm/<name>` is a package with the library for one platform in
 * `lib` and its licences.
 *
 * @typedef {object} PlatformPackages
 * @property {string} title the library in words, such as `ONNX Runtime`
 * @property {string} prefix the name of the packages up to the platform, such as `@serving-kit/onnxruntime-`
 * @property {string} folder the path of `npm`
 * @property {Record<string, { sha256: string }>} libraries the libraries by package
 * @property {(name: string) => string} versionOf
 * @property {(name: string) => string} fileNameOf the name of the library in `lib`
 * @property {(name: string) => Record<string, string | undefined>} licencesOf the licences of a package by their names,
 *   with the files that they are copies of, if they are files of this repository
 * @property {(name: string, platform: string) => boolean} isFor whether a package is for a platform
 * @property {(name: string, folder: string) => Promise<void>} obtain puts the library and the licences into an empty
 *   folder
 */

/** @param {Uint8Array} bytes */
const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/**
 * Runs the program of the platform packages: fills those of this machine's platform, with `--all` all of them. With
 * `--check`, in a package, it fails unless the package is filled.
 *
 * @param {PlatformPackages} packages
 */
export async function runPlatformPackages(packages) {
  const here = `${process.platform}-${process.arch}`;
  const names = Object.keys(packages.libraries);
  if (process.argv.includes("--check")) checkFilled(packages, process.cwd());
  else if (process.argv.includes("--all")) await fillAll(packages, names);
  else {
    const own = names.filter((name) => packages.isFor(name, here));
    await fillAll(packages, own);
  }
}

/**
 * The path of the library in the folder of a package.
 *
 * @param {PlatformPackages} packages
 * @param {string} folder
 */
const libraryPathOf = ({ fileNameOf }, folder) => join(folder, "lib", fileNameOf(basename(folder)));

/**
 * @param {PlatformPackages} packages
 * @param {string} folder
 */
function hasLibrary(packages, folder) {
  const path = libraryPathOf(packages, folder);
  const wanted = packages.libraries[basename(folder)]?.sha256;
  return existsSync(path) && hashOf(readFileSync(path)) === wanted;
}

/**
 * @param {PlatformPackages} packages
 * @param {string} folder
 */
function hasLicences({ licencesOf }, folder) {
  return Object.entries(licencesOf(basename(folder))).every(([name, original]) => {
    const path = join(folder, name);
    if (original === undefined || !existsSync(path)) return existsSync(path);
    return readFileSync(path).equals(readFileSync(original));
  });
}

/**
 * The files next to the package's own library, which would be packed too.
 *
 * @param {PlatformPackages} packages
 * @param {string} folder
 */
function strayFiles(packages, folder) {
  const { dir, base } = parse(libraryPathOf(packages, folder));
  return existsSync(dir) ? readdirSync(dir).filter((file) => file !== base) : [];
}

/**
 * @param {PlatformPackages} packages
 * @param {string} folder
 */
const isComplete = (packages, folder) =>
  hasLibrary(packages, folder) && hasLicences(packages, folder);

/**
 * Fills a package. Files are renamed into their places: a process that has the previous library open keeps it.
 *
 * @param {PlatformPackages} packages
 * @param {string} name
 */
async function fill(packages, name) {
  const folder = join(packages.folder, name);
  if (!isComplete(packages, folder)) {
    const scratch = mkdtempSync(join(folder, ".filling-"));
    try {
      await packages.obtain(name, scratch);
      await place(packages, name, scratch);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  // A folder that is older than the pinned version has the library of before.
  for (const stray of strayFiles(packages, folder)) {
    rmSync(join(folder, "lib", stray), { recursive: true });
  }
}

/**
 * Moves the library and its licences from the scratch folder into the package, if the checksum is the pinned one.
 *
 * @param {PlatformPackages} packages
 * @param {string} name
 * @param {string} scratch
 */
async function place(packages, name, scratch) {
  const folder = join(packages.folder, name);
  const library = join(scratch, packages.fileNameOf(name));
  const wanted = packages.libraries[name]?.sha256;
  const actual = hashOf(readFileSync(library));
  if (actual !== wanted) throw new Error(`its SHA-256 must be ${wanted}; got ${actual}`);
  for (const licence of Object.keys(packages.licencesOf(name))) {
    renameSync(join(scratch, licence), join(folder, licence));
  }
  const target = libraryPathOf(packages, folder);
  mkdirSync(dirname(target), { recursive: true });
  renameSync(library, target);
}

/**
 * @param {PlatformPackages} packages
 * @param {readonly string[]} names
 */
async function fillAll(packages, names) {
  const { prefix, title, versionOf } = packages;
  for (const name of names) {
    await fill(packages, name).catch((error) => {
      process.stderr.write(
        `${prefix}${name}: getting ${title} ${versionOf(name)} failed: ${error.message}\n`,
      );
      process.exitCode = 1;
    });
  }
}

/**
 * @param {PlatformPackages} packages
 * @param {string} folder
 */
function checkFilled(packages, folder) {
  if (isComplete(packages, folder) && strayFiles(packages, folder).length === 0) return;
  process.stderr.write(
    `${folder} lacks its library or licences, or has another library than the pinned one: run \`npm run pack\`, which fills the platform packages before it packs them\n`,
  );
  process.exitCode = 1;
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The folder of the repository. Every script works from here, wherever it was called. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * The fields of a package.json that the scripts read.
 *
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {string} [license]
 * @property {readonly string[]} [keywords]
 * @property {readonly string[]} [libc]
 * @property {string} [packageManager]
 * @property {Record<string, string>} [engines]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, unknown>} [exports]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [devDependencies]
 */

/**
 * Reads a JSON file of the repository, of the type that the caller expects.
 *
 * @template T
 * @param {string} path
 * @returns {T}
 */
export const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/**
 * Reads the package.json of a folder of the repository.
 *
 * @param {string} folder such as `packages/core`, or `.`
 * @returns {Manifest}
 */
export const readManifest = (folder) => readJson(`${folder}/package.json`);

/** The published packages: folder (`packages/core`) and package.json of each. */
export function publishedPackages() {
  return readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      folder: `packages/${name}`,
      manifest: readManifest(`packages/${name}`),
    }));
}

/**
 * Returns whether a module is the program that runs, and not imported by another.
 *
 * @param {string} url its `import.meta.url`
 */
export const isProgram = (url) => url === pathToFileURL(process.argv[1] ?? "").href;

/** Ends the process with a sentence when this Node is older than the oldest supported one. */
export function requireSupportedNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`serving-kit needs Node 20.19 or newer; this is ${process.version}\n`);
  process.exit(1);
}

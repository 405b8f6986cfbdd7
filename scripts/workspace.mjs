import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. Every script works from here, wherever it was called. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Reads a JSON file of the repository. */
export const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** The published packages: folder (`packages/core`) and package.json of each. */
export function publishedPackages() {
  return readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      folder: `packages/${name}`,
      manifest: readJson(`packages/${name}/package.json`),
    }));
}

/** Ends the process with a sentence when this Node is older than the oldest supported one. */
export function requireSupportedNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`serving-kit needs Node 20.19 or newer; this is ${process.version}\n`);
  process.exit(1);
}

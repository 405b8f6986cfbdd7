// The platform packages of ONNX Runtime, npm/<os>-<arch>: which library each holds, and how it gets there. It runs with
// --conditions=@serving-kit/source, except for --check.
//
//   node … packages/servable-onnx/scripts/platform-packages.mjs          fills that of this machine's platform
//   node … packages/servable-onnx/scripts/platform-packages.mjs --all    fills all of them, for packing
//   node ../../scripts/platform-packages.mjs --check                     in a package: fails unless it is filled
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";
import { runPlatformPackages } from "../../native-library/scripts/platform-packages.mjs";

// The table is a part of the package, which installs the library too.
register();
const { LIBRARIES, LICENCES, libraryName, wantedFiles } = await import(
  "../src/install/libraries.ts"
);

const folder = fileURLToPath(new URL("../npm", import.meta.url));

/** @param {string} name */
function pinned(name) {
  const library = LIBRARIES[name];
  if (library === undefined) throw new Error(`there is no ONNX Runtime for ${name}`);
  return library;
}

/** @param {string} name */
const fileNameOf = (name) => libraryName(pinned(name));

/**
 * Downloads the Python package with pip, and unpacks the library and the licences.
 *
 * @param {string} name
 * @param {string} scratch
 */
async function obtain(name, scratch) {
  // Imported when it is needed: the check before packing runs without it.
  const { fetchWheel, findPip, unpack } = await import("../../native-library/src/install/index.ts");
  const library = pinned(name);
  const { version, wheelSha256: sha256 } = library;
  const { SERVING_KIT_PYTHON: command } = process.env;
  const pip = command ? { command, args: ["-m", "pip"], version: 0 } : await findPip();
  if (pip === undefined)
    throw new Error("there is no Python with pip; SERVING_KIT_PYTHON names one");
  const wheel = await fetchWheel(pip, library, { version, sha256 }, scratch, {});
  await unpack(wheel, wantedFiles(library), scratch);
  chmodSync(join(scratch, fileNameOf(name)), 0o755);
}

await runPlatformPackages({
  ...{ title: "ONNX Runtime", prefix: "@serving-kit/onnxruntime-", folder, libraries: LIBRARIES },
  versionOf: (name) => pinned(name).version,
  ...{ fileNameOf, obtain },
  licencesOf: () => Object.fromEntries(LICENCES.map((licence) => [licence, undefined])),
  isFor: (name, platform) => name === platform,
});

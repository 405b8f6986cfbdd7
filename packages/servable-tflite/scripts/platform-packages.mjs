// The platform packages of TensorFlow Lite, npm/<os>-<arch>: which library each holds, and how it gets there.
//
//   node packages/servable-tflite/scripts/platform-packages.mjs          fills those of this machine's platform
//   node packages/servable-tflite/scripts/platform-packages.mjs --all    fills all of them, for packing
//   node ../../scripts/platform-packages.mjs --check                     in a package: fails unless it is filled
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { runPlatformPackages } from "../../native-library/scripts/platform-packages.mjs";

/** TensorFlow Lite 2.21 in the Java package of Bytedeco: a jar for each platform, of 4 MB. */
const JAR = { groupId: "org.bytedeco", artifactId: "tensorflow-lite", version: "2.21.0-1.5.14" };
const DOWNLOAD_ATTEMPTS = 3;
const DOWNLOAD_TIMEOUT_MS = 60_000;
/** Maximum size of a library in a jar: what a jar unpacks to is limited before its SHA-256 is known. */
const MAX_LIBRARY_BYTES = 2 ** 25;

/**
 * A library: its path in the jar or npm package, the jar's classifier (2.21 only), and its SHA-256.
 *
 * @typedef {{ classifier?: string, file: string, sha256: string }} PinnedLibrary
 */

/**
 * By package: the path of its library in the jar of a classifier (2.21), or in the npm package
 * tfjs-tflite-node (2.9), and the SHA-256 of the library. Windows has 2.9 alone, since the DLL in the jar
 * exports none of the C API; macOS on x64 has no 2.9.
 *
 * @type {Record<string, PinnedLibrary>}
 */
const libraries = {
  "linux-x64": {
    classifier: "linux-x86_64",
    file: "org/bytedeco/tensorflowlite/linux-x86_64/libjnitensorflowlite.so",
    sha256: "fe6884ba79d33230521e18effe111487daad40a4a30c1ffddb8d6701ab4756f3",
  },
  "linux-arm64": {
    classifier: "linux-arm64",
    file: "org/bytedeco/tensorflowlite/linux-arm64/libjnitensorflowlite.so",
    sha256: "1ddeeba8b6b03173cdb2c052c5927c1803ff39f8a438f7fe9c6c412d4cfb0106",
  },
  "darwin-arm64": {
    classifier: "macosx-arm64",
    file: "org/bytedeco/tensorflowlite/macosx-arm64/libjnitensorflowlite.dylib",
    sha256: "1f725cfccbb93b8571631f581b12dc8722b1c0ac1b80856d175b645047db60a6",
  },
  "darwin-x64": {
    classifier: "macosx-x86_64",
    file: "org/bytedeco/tensorflowlite/macosx-x86_64/libjnitensorflowlite.dylib",
    sha256: "8c5c60e316c6c47f15cbb16b0823e3d20f390ba03ec2edb520e0d2f18ef35959",
  },
  "2.9-linux-x64": {
    file: "cc_deps/linux_amd64/libtensorflowlite_c.so",
    sha256: "dc89b4cd86d956516570bd483668e6dd98907f49901d0567dedc69a29a56b7f7",
  },
  "2.9-linux-arm64": {
    file: "cc_deps/linux_arm64/libtensorflowlite_c.so",
    sha256: "ec0dee4fb3418e680d010248ac1e304d9656cc5c8de54caaf91d666712e2f633",
  },
  "2.9-darwin-arm64": {
    file: "cc_deps/darwin_arm64/libtensorflowlite_c.dylib",
    sha256: "195b0b1403a7e19bf6b3768578f839cf895189709b760755b2b9fb0ac324259b",
  },
  "2.9-win32-x64": {
    file: "cc_deps/windows_amd64/tensorflowlite_c.dll",
    sha256: "5c312a59455bef8f4996c893e1f70cfacda56abb35750a74096ad8301f564aef",
  },
};

const folder = fileURLToPath(new URL("../npm", import.meta.url));

/** @param {string} name */
function pinned(name) {
  const library = libraries[name];
  if (library === undefined) throw new Error(`there is no TensorFlow Lite for ${name}`);
  return library;
}

/** @param {string} name */
const versionOf = (name) => (pinned(name).classifier ? "2.21" : "2.9");

/** @param {string} name */
const fileNameOf = (name) => basename(pinned(name).file);

/** @param {string} name */
const licencesOf = (name) => ({
  LICENSE: join(folder, "LICENSE"),
  NOTICE: join(folder, `NOTICE-${versionOf(name)}`),
});

/**
 * Downloads the library of a package.
 *
 * @param {string} name
 */
async function fetchLibrary(name) {
  const { classifier, file } = pinned(name);
  if (classifier) return fromJar(classifier, file);
  const carrier = createRequire(import.meta.url).resolve("tfjs-tflite-node/package.json");
  return readFileSync(join(dirname(carrier), file));
}

/**
 * @param {string} classifier
 * @param {string} file
 */
async function fromJar(classifier, file) {
  // Imported when they are needed: the check before packing runs without them.
  const [{ fromBufferPromise }, jar] = await Promise.all([
    // @ts-expect-error yauzl has no types of its own, and no TypeScript of this package imports it.
    import("yauzl"),
    downloadJar(classifier),
  ]);
  const archive = await fromBufferPromise(jar);
  for await (const entry of archive.eachEntry()) {
    const isIt = entry.fileName === file && entry.uncompressedSize <= MAX_LIBRARY_BYTES;
    if (isIt) return buffer(await archive.openReadStreamPromise(entry));
  }
  return new Uint8Array();
}

/** @param {string} classifier */
async function downloadJar(classifier) {
  const { default: module } = await import("mvn-artifact-download");
  const download = module.default ?? module; // tsx unwraps a default export of CommonJS, Node does not
  const artifact = { ...JAR, classifier, extension: "jar" };
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-tflite-"));
  const options = { timeout: DOWNLOAD_TIMEOUT_MS };
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return readFileSync(await download(artifact, folder, undefined, undefined, options));
      } catch (error) {
        if (attempt === DOWNLOAD_ATTEMPTS) throw error;
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runPlatformPackages({
  ...{ title: "TensorFlow Lite", prefix: "@serving-kit/tflite-", folder, libraries },
  ...{ versionOf, fileNameOf, licencesOf },
  isFor: (name, platform) => name === platform || name === `2.9-${platform}`,
  async obtain(name, scratch) {
    const library = await fetchLibrary(name);
    writeFileSync(join(scratch, fileNameOf(name)), library, { mode: 0o755 });
    for (const [licence, original] of Object.entries(licencesOf(name))) {
      copyFileSync(original, join(scratch, licence));
    }
  },
});

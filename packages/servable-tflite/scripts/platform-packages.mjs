// Fills the platform packages of TensorFlow Lite, npm/<os>-<arch>, with the C library that the npm
// package below carries. That package itself is never installed: it compiles an addon.
//
//   node packages/servable-tflite/scripts/platform-packages.mjs          this machine's platform
//   node packages/servable-tflite/scripts/platform-packages.mjs --all    every platform, for packing
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const source = {
  package: "tfjs-tflite-node@0.0.2",
  integrity:
    "sha512-Zed9biOz9lkWsekvPwdEmxXnsjXJnZO8iOV0s2Y20QU15cwiPedzFEBYiGbK7smYpkJpQNNY9SukoKmUi9bk9w==",
};

/** By platform package: the library inside the tarball and its SHA-256. */
const libraries = {
  "linux-x64": {
    file: "package/cc_deps/linux_amd64/libtensorflowlite_c.so",
    sha256: "dc89b4cd86d956516570bd483668e6dd98907f49901d0567dedc69a29a56b7f7",
  },
  "linux-arm64": {
    file: "package/cc_deps/linux_arm64/libtensorflowlite_c.so",
    sha256: "ec0dee4fb3418e680d010248ac1e304d9656cc5c8de54caaf91d666712e2f633",
  },
  "darwin-arm64": {
    file: "package/cc_deps/darwin_arm64/libtensorflowlite_c.dylib",
    sha256: "195b0b1403a7e19bf6b3768578f839cf895189709b760755b2b9fb0ac324259b",
  },
  "win32-x64": {
    file: "package/cc_deps/windows_amd64/tensorflowlite_c.dll",
    sha256: "5c312a59455bef8f4996c893e1f70cfacda56abb35750a74096ad8301f564aef",
  },
};

const packagesFolder = fileURLToPath(new URL("../npm", import.meta.url));
const hashOf = (algorithm, bytes, encoding) => createHash(algorithm).update(bytes).digest(encoding);

/** Where the library of a platform belongs. */
function targetOf(platform) {
  const name = libraries[platform].file.split("/").at(-1);
  return join(packagesFolder, platform, "lib", name);
}

function isFilled(platform) {
  const target = targetOf(platform);
  return (
    existsSync(target) &&
    existsSync(join(packagesFolder, platform, "LICENSE")) &&
    hashOf("sha256", readFileSync(target), "hex") === libraries[platform].sha256
  );
}

/** The npm client: its own entry file run by this Node where it is known, since that needs no shell. */
function npmCommand() {
  const nodeFolder = dirname(process.execPath);
  const entry = [
    process.env.npm_execpath,
    join(nodeFolder, "../lib/node_modules/npm/bin/npm-cli.js"),
    join(nodeFolder, "node_modules/npm/bin/npm-cli.js"),
  ].find((path) => path?.endsWith("npm-cli.js") && existsSync(path));
  return entry
    ? { command: process.execPath, first: [entry], shell: false }
    : { command: "npm", first: [], shell: process.platform === "win32" };
}

/** Downloads the tarball with the npm client (so with its registry, proxy and cache) into a folder. */
function download(folder) {
  const { command, first, shell } = npmCommand();
  const args = ["pack", source.package, "--ignore-scripts", "--prefer-offline", "--loglevel=error"];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      cwd: folder,
      shell,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const file = readdirSync(folder).find((name) => name.endsWith(".tgz"));
      if (code === 0 && file) resolve(join(folder, file));
      else reject(new Error(`npm pack ended with exit code ${code}: ${stderr.trim()}`));
    });
  });
}

/** The files of a tar archive by name: 512-byte headers (name, octal size), contents padded to 512. */
function* filesOf(tar) {
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString("utf8", at, at + 100).replace(/\0.*$/s, "");
    if (name === "") return;
    const size = Number.parseInt(tar.toString("ascii", at + 124, at + 136), 8);
    yield [name, tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

function expectHash(what, expected, actual) {
  if (actual === expected) return;
  throw new Error(`${what} is not the one that was pinned: expected ${expected}, got ${actual}`);
}

/** Writes beside the target and renames, so that a process that has the old library open keeps it. */
function place(platform, library) {
  const target = targetOf(platform);
  expectHash(target, libraries[platform].sha256, hashOf("sha256", library, "hex"));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.part`, library, { mode: 0o755 });
  renameSync(`${target}.part`, target);
  for (const name of ["LICENSE", "NOTICE"]) {
    copyFileSync(join(packagesFolder, name), join(packagesFolder, platform, name));
  }
}

/** Tells on stderr when something takes longer than a second. */
function announceWhenSlow(text) {
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stderr.write(process.stderr.isTTY ? `\r${text} … ${seconds} s` : `${text} …\n`);
    if (!process.stderr.isTTY) clearInterval(timer);
  }, 1000);
  return () => {
    clearInterval(timer);
    if (process.stderr.isTTY && performance.now() - startedAt > 1000) process.stderr.write("\n");
  };
}

async function fill(platforms) {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-tflite-"));
  const end = announceWhenSlow(
    `downloading ${source.package} (5 MB) for the TensorFlow Lite library`,
  );
  try {
    const archive = readFileSync(await download(folder));
    const digest = hashOf("sha512", archive, "base64");
    expectHash(source.package, source.integrity, `sha512-${digest}`);
    const files = new Map(filesOf(gunzipSync(archive)));
    for (const platform of platforms) place(platform, files.get(libraries[platform].file) ?? "");
  } finally {
    end();
    rmSync(folder, { recursive: true, force: true });
  }
}

const here = `${process.platform}-${process.arch}`;
const known = Object.keys(libraries);
const wanted = process.argv.includes("--all") ? known : known.filter((name) => name === here);
if (wanted.length === 0) {
  process.stderr.write(
    `there is no TensorFlow Lite library for ${here}, only for ${known.join(", ")}: ` +
      "set SERVING_KIT_TFLITE_LIBRARY to the path of one that you built\n",
  );
}
const empty = wanted.filter((platform) => !isFilled(platform));
try {
  if (empty.length > 0) await fill(empty);
} catch (error) {
  process.stderr.write(
    `the TensorFlow Lite library for ${empty.join(", ")} was not fetched: ${error.message}\n` +
      `Check that \`npm pack ${source.package}\` works here (network, proxy, npm's registry), ` +
      "or set SERVING_KIT_TFLITE_LIBRARY to the path of a libtensorflowlite_c.\n",
  );
  process.exitCode = 1;
}

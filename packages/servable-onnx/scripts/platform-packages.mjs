// The platform packages of ONNX Runtime, npm/<os>-<arch>: which library each holds, and how it gets there.
//
//   node packages/servable-onnx/scripts/platform-packages.mjs          fills that of this machine's platform
//   node packages/servable-onnx/scripts/platform-packages.mjs --all    fills all of them, for packing
//   node ../../scripts/platform-packages.mjs --check                   in a package: fails unless it is filled
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
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
import { basename, dirname, join, parse } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** The Python whose wheels are taken. Their libraries do not depend on it. */
const PYTHON = "3.11";
const DOWNLOAD_TIMEOUT_MS = 300_000;
/** Maximum size of a file in a wheel: what a wheel unpacks to is limited before its SHA-256 is known. */
const MAX_FILE_BYTES = 2 ** 26;
const LICENCES = ["LICENSE", "ThirdPartyNotices.txt"];

/**
 * By package: the version of the Python package onnxruntime that carries its library, pip's name of the platform, the
 * library's path in the wheel and its SHA-256. The newest version, except for macOS on x64, which ends at 1.23.2. There
 * is none for musl.
 */
const libraries = {
  "linux-x64": {
    version: "1.32.0",
    platform: "manylinux_2_28_x86_64",
    file: "onnxruntime/capi/libonnxruntime.so.1.32.0",
    sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
  },
  "linux-arm64": {
    version: "1.32.0",
    platform: "manylinux_2_28_aarch64",
    file: "onnxruntime/capi/libonnxruntime.so.1.32.0",
    sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
  },
  "darwin-arm64": {
    version: "1.32.0",
    platform: "macosx_14_0_arm64",
    file: "onnxruntime/capi/libonnxruntime.1.32.0.dylib",
    sha256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
  },
  "darwin-x64": {
    version: "1.23.2",
    platform: "macosx_13_0_x86_64",
    file: "onnxruntime/capi/libonnxruntime.1.23.2.dylib",
    sha256: "8330f6d9d53f81d564c88de6520113b25db9537872e70a0fb7942fea202f08b1",
  },
  "win32-x64": {
    version: "1.32.0",
    platform: "win_amd64",
    file: "onnxruntime/capi/onnxruntime.dll",
    sha256: "e9feebaed867b76f741c14ae64e056a3da64a153a61994f1fb48eadc7f9b3ba8",
  },
  "win32-arm64": {
    version: "1.32.0",
    platform: "win_arm64",
    file: "onnxruntime/capi/onnxruntime.dll",
    sha256: "d3587771474d96427cc5683fa49440127e928622a5e9df0f3e24209ae1fc42ad",
  },
};

const packages = fileURLToPath(new URL("../npm", import.meta.url));
const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The path of the library in the folder of a package, which has the package's short name: without its version. */
function libraryPathOf(folder) {
  const { base, ext } = parse(libraries[basename(folder)].file.replace(/\.so\.[\d.]+$/, ".so"));
  const name = ext === ".dylib" ? "libonnxruntime.dylib" : base;
  return join(folder, "lib", name);
}

function hasLibrary(folder) {
  const path = libraryPathOf(folder);
  return existsSync(path) && hashOf(readFileSync(path)) === libraries[basename(folder)].sha256;
}

const hasLicences = (folder) => LICENCES.every((file) => existsSync(join(folder, file)));

/** What is in the folder of libraries besides the package's own: it would be packed, too. */
function strayFiles(folder) {
  const { dir, base } = parse(libraryPathOf(folder));
  return readdirSync(dir).filter((file) => file !== base && file !== `${base}.part`);
}

/** Downloads a wheel with pip, which checks it against its index. Returns its bytes. */
function downloadWheel({ version, platform }) {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-onnx-"));
  const args = [
    ...["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"],
    ...["--implementation", "cp", "--python-version", PYTHON, "--platform", platform],
    ...["--no-input", "--disable-pip-version-check", "--dest", folder, `onnxruntime==${version}`],
  ];
  try {
    let problem = "there is no Python with pip; SERVING_KIT_PYTHON names one";
    for (const python of [process.env.SERVING_KIT_PYTHON, "python3", "python"].filter(Boolean)) {
      const options = { encoding: "utf8", timeout: DOWNLOAD_TIMEOUT_MS };
      const { status, stderr } = spawnSync(python, args, options);
      const [wheel] = readdirSync(folder);
      if (status === 0 && wheel) return readFileSync(join(folder, wheel));
      problem = stderr?.trim().split("\n").at(-1) || problem;
    }
    throw new Error(problem);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files of a wheel by their paths, as far as they are wanted. */
async function unpack(wheel, wanted) {
  // Imported when it is needed: the check before packing runs without it.
  const { fromBufferPromise } = await import("yauzl");
  const archive = await fromBufferPromise(wheel);
  const files = new Map();
  for await (const entry of archive.eachEntry()) {
    if (!wanted.includes(entry.fileName) || entry.uncompressedSize > MAX_FILE_BYTES) continue;
    files.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
  }
  return files;
}

/** The library is written next to its place and renamed: a process that has the old one open keeps it. */
async function fill(name) {
  const folder = join(packages, name);
  const { file, sha256 } = libraries[name];
  if (!hasLibrary(folder) || !hasLicences(folder)) {
    const licences = LICENCES.map((licence) => `onnxruntime/${licence}`);
    const files = await unpack(downloadWheel(libraries[name]), [file, ...licences]);
    const library = files.get(file) ?? new Uint8Array();
    const actual = hashOf(library);
    if (actual !== sha256) throw new Error(`${file} must have SHA-256 ${sha256}; got ${actual}`);
    const target = libraryPathOf(folder);
    mkdirSync(dirname(target), { recursive: true });
    for (const licence of LICENCES) {
      writeFileSync(join(folder, licence), files.get(`onnxruntime/${licence}`) ?? "");
    }
    writeFileSync(`${target}.part`, library, { mode: 0o755 });
    renameSync(`${target}.part`, target);
  }
  for (const stray of strayFiles(folder)) rmSync(join(folder, "lib", stray), { recursive: true });
}

async function fillAll(names) {
  for (const name of names) {
    await fill(name).catch((error) => {
      const { version } = libraries[name];
      process.stderr.write(
        `@serving-kit/onnxruntime-${name}: getting ONNX Runtime ${version} failed: ${error.message}\n`,
      );
      process.exitCode = 1;
    });
  }
}

function checkFilled(folder) {
  if (hasLicences(folder) && hasLibrary(folder) && strayFiles(folder).length === 0) return;
  process.stderr.write(
    `${folder} lacks its library or licences, or has another library than the pinned one: run \`npm run pack\`, which fills the platform packages before it packs them\n`,
  );
  process.exitCode = 1;
}

const here = `${process.platform}-${process.arch}`;
const names = Object.keys(libraries);
if (process.argv.includes("--check")) checkFilled(process.cwd());
else if (process.argv.includes("--all")) await fillAll(names);
else await fillAll(names.filter((name) => name === here));

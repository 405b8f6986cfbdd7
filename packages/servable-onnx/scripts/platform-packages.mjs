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
import { register } from "tsx/esm/api";

const DOWNLOAD_TIMEOUT_MS = 300_000;
/** Maximum size of a file in a wheel: what a wheel unpacks to is limited before its SHA-256 is known. */
const MAX_FILE_BYTES = 2 ** 26;

// The table is a part of the package, which installs the library too.
register();
const {
  LIBRARIES: libraries,
  LICENCES,
  libraryName,
  PYTHON,
} = await import("../src/install/libraries.ts");

const packages = fileURLToPath(new URL("../npm", import.meta.url));
const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The path of the library in the folder of a package, which has the package's short name. */
const libraryPathOf = (folder) => join(folder, "lib", libraryName(libraries[basename(folder)]));

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

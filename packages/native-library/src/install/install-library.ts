import { mkdir, mkdtemp, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isServingError, messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { InstallOptions } from "./install-options.js";
import {
  damagedFiles,
  RECORD,
  readInstalledFiles,
  recordInstalledFiles,
} from "./installed-files.js";
import { unpack, type Wanted } from "./unpack.js";

/** A version, and the SHA-256 of its file. */
export interface PinnedVersion {
  readonly version: string;
  /** In hexadecimal, lower case. */
  readonly sha256: string;
}

/** The source of an installation: a Python package or an archive. */
export interface LibrarySource {
  readonly name: string;
  /** The version whose checksum is known. */
  readonly version: string;
  /** SHA-256 of the file of that version. */
  readonly sha256: string;
  /** The files to unpack; the main library is the last that is not optional. */
  readonly wanted: readonly Wanted[];
  /** Downloads the file of a version into a folder, and returns its path. */
  fetch(version: PinnedVersion, folder: string, options: InstallOptions): Promise<string>;
}

/** A library to install. */
export interface LibraryInstallation {
  /** The library in words, such as `ONNX Runtime`. */
  readonly title: string;
  /** The folder for its files. */
  readonly folder: string;
  /** The versions that are kept if they are installed and intact, unless the options request another version. */
  readonly versions: readonly string[];
  /** The names of the main library in all sources. Main libraries of other sources are removed. */
  readonly mainLibraries: readonly string[];
  /** The steps to install by hand. */
  readonly remedy: string;
  /** Called if something must be installed. */
  chooseSource(): Promise<LibrarySource>;
}

/** The result of an installation. */
export interface Installation {
  readonly version: string;
  readonly folder: string;
  /** The path of the main library. */
  readonly library: string;
  /** True if anything was written. */
  readonly isNew: boolean;
  /** The names of files that were damaged or missing. */
  readonly repaired: readonly string[];
}

/**
 * Installs the files of a library: downloads its package, verifies it and unpacks it. Installed files are checked
 * against the checksums of their installation, and replaced if they are damaged. An interrupted download continues.
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with the steps to install by hand; the signal's reason.
 */
export async function installLibrary(
  installation: LibraryInstallation,
  options: InstallOptions,
): Promise<Installation> {
  const { title, folder, remedy } = installation;
  const { version, signal } = options;
  try {
    signal?.throwIfAborted();
    const installed = await readInstalledFiles(folder);
    const versions = version === undefined ? installation.versions : [version];
    const isFitting = installed !== undefined && versions.includes(installed.version);
    const repaired = isFitting ? await damagedFiles(folder, installed, options) : [];
    if (isFitting && repaired.length === 0) {
      const library = join(folder, installed.library);
      return { version: installed.version, folder, library, isNew: false, repaired };
    }
    const source = await installation.chooseSource();
    const target = version ?? (isFitting ? installed.version : source.version);
    const pinned = { version: target, sha256: checksumFor(source, target, options) };
    const file = await source.fetch(pinned, join(dirname(folder), "downloads"), options);
    const library = await place(file, source, target, installation, options);
    await rm(file, { force: true });
    return { version: target, folder, library, isNew: true, repaired };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw isServingError(error)
      ? error
      : errors.installFailed(title, messageOf(error), remedy, error);
  }
}

/**
 * Returns the expected SHA-256 of a version's file: the pinned one, or the options'.
 *
 * @throws Error if there is none, or if the options contradict the pinned one.
 */
function checksumFor(source: LibrarySource, version: string, { sha256 }: InstallOptions): string {
  const pinned = version === source.version ? source.sha256 : undefined;
  if (pinned !== undefined && (sha256 ?? pinned) !== pinned) {
    throw new Error(`the SHA-256 of ${source.name} ${version} is ${pinned}; got ${sha256}`);
  }
  const known = pinned ?? sha256;
  if (known !== undefined) return known;
  throw new Error(
    `the checksum of ${source.name} ${version} is not known; expected ${source.version}, or the SHA-256 ` +
      "of its file by --sha256 (sha256), from a source that you trust",
  );
}

/**
 * Unpacks into the folder, and returns the path of the main library. A file is renamed to its name when it is complete.
 * Other files in the folder are kept, except another main library.
 */
async function place(
  file: string,
  { name: source, wanted }: LibrarySource,
  version: string,
  { folder, mainLibraries }: LibraryInstallation,
  options: InstallOptions,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, ".unpacking-"));
  try {
    const names = await unpack(file, wanted, scratch, options);
    const library = wanted.findLast(({ isOptional }) => !isOptional)?.name as string;
    await recordInstalledFiles(scratch, names, { version, source, library });
    await rm(join(folder, RECORD), { force: true });
    for (const other of mainLibraries) {
      if (other !== library) await rm(join(folder, other), { force: true });
    }
    for (const name of [...names, RECORD]) await rename(join(scratch, name), join(folder, name));
    return join(folder, library);
  } finally {
    await rm(scratch, { recursive: true, force: true });
    // Removes the folder only if it is still empty.
    await rmdir(folder).catch(() => {});
  }
}

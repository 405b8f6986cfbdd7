import { join } from "node:path";
import type { InstallLibraryOptions } from "@serving-kit/inference";
import { cacheFolder } from "@serving-kit/native-library";
import { CACHED_FOLDER } from "../native/library.js";

/** The state of an installation. */
export interface InstallationCheck {
  readonly version: string;
  readonly folder: string;
  /** The names of files that have changed since the installation, or are missing. */
  readonly damaged: readonly string[];
}

/**
 * Compares the files that `installTensorFlow` put into a folder with their checksums. It reads all of them: 1 GB.
 * Undefined if nothing is installed. `installTensorFlow` repairs damaged files.
 */
export async function checkInstallation(
  options: Pick<InstallLibraryOptions, "dir" | "onProgress" | "signal"> = {},
): Promise<InstallationCheck | undefined> {
  const { damagedFiles, readInstalledFiles } = await import("@serving-kit/native-library/install");
  const folder = options.dir ?? join(cacheFolder(), CACHED_FOLDER);
  const installed = await readInstalledFiles(folder);
  if (installed === undefined) return undefined;
  const damaged = await damagedFiles(folder, installed, options);
  return { version: installed.version, folder, damaged };
}

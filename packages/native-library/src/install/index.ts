/**
 * Installs C shared libraries from the Python packages and archives that carry them: finds and downloads them, checks
 * them, and unpacks the libraries.
 *
 * @packageDocumentation
 */
export { type Checksum, hasChecksum } from "./checksum.js";
export { fetchWheel } from "./fetch-wheel.js";
export {
  type Installation,
  installLibrary,
  type LibraryInstallation,
  type LibrarySource,
  type PinnedVersion,
} from "./install-library.js";
export type { InstallOptions, InstallProgress } from "./install-options.js";
export { damagedFiles, type InstalledFiles, readInstalledFiles } from "./installed-files.js";
export { findPip, type Pip, withoutLogins } from "./pip.js";
export { downloadFile } from "./resumable-download.js";
export { unpack, type Wanted } from "./unpack.js";
export type { Wheel } from "./wheel.js";

/**
 * Installs C shared libraries from Python packages and archives: finds, downloads and verifies the packages, and
 * unpacks the libraries.
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

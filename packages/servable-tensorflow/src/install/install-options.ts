import type { InstallLibraryOptions } from "@serving-kit/inference";

/**
 * Options of `installTensorFlow`. `version` defaults to 2.21.0 of the Python package, whose checksums are known,
 * or, if only the official archive can be had, to 2.18.0 (on Windows 2.18.1), the last that has one. `dir`
 * defaults to `tensorflow` in the cache folder, where models find the libraries. `archives` is the URL of a
 * folder with `<version>/<name>` below it and defaults to Google's.
 */
export type InstallOptions = InstallLibraryOptions;

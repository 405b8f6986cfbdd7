/** The state of the library that runs a platform's models on this machine: `serving-kit doctor` prints it. */
export interface LibraryReport {
  /** The library in words, such as `TensorFlow Lite`. */
  readonly name: string;
  /** The library that opens. Absent if none does. */
  readonly opened?: OpenedLibrary;
  /** Why none opens. Further lines, such as one for each place that was searched, follow the first. */
  readonly problem?: string;
  /** A command or a sentence that fixes the problem. Present if none opens. */
  readonly remedy?: string;
  /** Further facts, a line each, such as libraries that are found and not used. Default none. */
  readonly notes?: readonly string[];
  /** Paths of files that `install` installed and that have changed since. Default none. */
  readonly damaged?: readonly string[];
  /** Vector instructions of this CPU that such libraries use, as far as they can be listed. */
  readonly cpuFeatures?: readonly string[];
}

/** A library that opens. */
export interface OpenedLibrary {
  readonly version: string;
  /** Its file, or the name of its package. */
  readonly path: string;
  /** Where it was found, such as `npm package onnxruntime-node`. */
  readonly origin: string;
}

/** Options of `Platform.install`. */
export interface InstallLibraryOptions {
  /** The version of the library. Default: one that was tested. */
  readonly version?: string | undefined;
  /**
   * The SHA-256 in hexadecimal that the downloaded file must have. Needed for a version whose checksum the platform
   * does not have itself.
   */
  readonly sha256?: string | undefined;
  /** The folder for the library. Default: one where models find it. */
  readonly dir?: string | undefined;
  /** URL of a mirror to download from. Default: the publisher's. */
  readonly archives?: string | undefined;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  /** If it aborts, the installation rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The progress of an installation. */
export interface InstallProgress {
  readonly step: "downloading" | "checking" | "unpacking";
  readonly bytes: number;
  /** Undefined while it is unknown. */
  readonly totalBytes?: number | undefined;
}

/** A library that was installed. */
export interface InstalledLibrary {
  /** The library in words, such as `libtensorflow`. */
  readonly name: string;
  readonly version: string;
  /** The folder that it is in. */
  readonly folder: string;
  /** The path of the library: `libraryReport({ library })` examines it. */
  readonly library: string;
  /** False if it was there already, intact. */
  readonly isNew: boolean;
  /** The files of an earlier installation that were damaged, and are intact again. */
  readonly repaired: readonly string[];
  /** The environment variable that names a library elsewhere, for one that is installed into `dir`. */
  readonly variable?: string;
}

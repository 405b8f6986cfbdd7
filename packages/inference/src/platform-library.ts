/** The state of the library that runs a platform's models on this machine: `serving-kit doctor` prints it. */
export interface LibraryReport {
  /** The name of the library, such as `TensorFlow Lite`. */
  readonly name: string;
  /** The library that opens. Absent if none does. */
  readonly opened?: OpenedLibrary;
  /** Why none opens. Further lines, such as one per searched place, follow the first. */
  readonly problem?: string;
  /** A command or a sentence that fixes the problem. Present if none opens. */
  readonly remedy?: string;
  /** Further facts, one per line, such as libraries that are found but not used. Default none. */
  readonly notes?: readonly string[];
  /** Paths of files that `install` installed and that have changed since then. Default none. */
  readonly damaged?: readonly string[];
  /** Vector instructions of this CPU that such libraries use, as far as they can be listed. */
  readonly cpuFeatures?: readonly string[];
}

/** A library that opens. */
export interface OpenedLibrary {
  readonly version: string;
  /** The library's file, or the name of its package. */
  readonly path: string;
  /** The place where the library was found, such as `npm package onnxruntime-node`. */
  readonly origin: string;
}

/** Options of `Platform.install`. */
export interface InstallLibraryOptions {
  /** The version of the library. Default: a tested version. */
  readonly version?: string | undefined;
  /**
   * SHA-256 of the downloaded file, in hexadecimal. Required for a version whose checksum the platform does not have.
   */
  readonly sha256?: string | undefined;
  /** The folder for the library. Default: a folder where models find it. */
  readonly dir?: string | undefined;
  /** URL of a mirror to download from. Default: the publisher's. */
  readonly archives?: string | undefined;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  /** If the signal aborts, the installation rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The progress of an installation. */
export interface InstallProgress {
  readonly step: "downloading" | "checking" | "unpacking";
  readonly bytes: number;
  /** Undefined while the size is unknown. */
  readonly totalBytes?: number | undefined;
}

/** A library that was installed. */
export interface InstalledLibrary {
  /** The name of the library, such as `libtensorflow`. */
  readonly name: string;
  readonly version: string;
  /** The folder of the library. */
  readonly folder: string;
  /** The path of the library: `libraryReport({ library })` examines it. */
  readonly library: string;
  /** False if an intact library was already installed. */
  readonly isNew: boolean;
  /** The files of an earlier installation that were damaged and are now repaired. */
  readonly repaired: readonly string[];
  /** The environment variable to set if the library was installed into `dir`. */
  readonly variable?: string;
}

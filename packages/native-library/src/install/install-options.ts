/** The progress of an installation. */
export interface InstallProgress {
  readonly step: "downloading" | "checking" | "unpacking";
  readonly bytes: number;
  /** Undefined while the size is unknown. */
  readonly totalBytes?: number | undefined;
}

/** The options of an installation that do not depend on the library. */
export interface InstallOptions {
  /** The version. Default: the version whose checksum is known. */
  readonly version?: string | undefined;
  /** SHA-256 of the downloaded file, in hexadecimal. Required for another version. */
  readonly sha256?: string | undefined;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  /** If the signal aborts, the installation rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The progress of an installation. */
export interface InstallProgress {
  readonly step: "downloading" | "checking" | "unpacking";
  readonly bytes: number;
  /** Undefined while it is unknown. */
  readonly totalBytes?: number | undefined;
}

/** The options of an installation that do not depend on the library. */
export interface InstallOptions {
  /** The version. Default: the one whose checksum is known. */
  readonly version?: string | undefined;
  /** The SHA-256 in hexadecimal that the downloaded file must have. Needed for another version. */
  readonly sha256?: string | undefined;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  /** If it aborts, the installation rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

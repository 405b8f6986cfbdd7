/** A version, and the SHA-256 that its file must have. */
export interface PinnedVersion {
  readonly version: string;
  /** In hexadecimal, lower case. */
  readonly sha256: string;
}

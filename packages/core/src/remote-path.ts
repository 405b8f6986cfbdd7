/**
 * The remote files of one version, as a source of remote storage emits them. `fetchedLoader` makes a loader from it,
 * so that platforms see only a local path.
 *
 * A remote path guarantees:
 * - R1 Making it, and reading `uri` and `sizeBytes`, does not access the network or files.
 * - R2 `fetch` resolves with a lease whose `path` has all files of the version, complete and as the storage had them
 *   at one moment. `lease.sizeBytes` is the total size of the files in bytes; `sizeBytes`, if present, is at least
 *   that.
 * - R3 The files of a lease stay readable and unchanged until it is disposed, even if the version changes in the
 *   storage.
 * - R4 Each `fetch` returns a separate lease: disposing one leaves the others valid. A second disposal does nothing.
 * - R5 If the signal aborts, `fetch` rejects with the signal's reason and leaves nothing behind. No listener stays
 *   on the signal once `fetch` has settled.
 * - R6 If `fetch` rejects, it may leave only data that a later `fetch` can use. It may be called again, and then
 *   fetches the current state of the storage.
 * - R7 If the version was deleted or cannot be read, `fetch` rejects with a ServingError whose message has the URI.
 * - R8 `fetch` calls `progressed` whenever bytes arrive, and while it waits for another process that fetches them.
 */
export interface RemotePath {
  /** The URI of the version, as logs, metrics and status show it. Has no credentials. */
  readonly uri: string;
  /**
   * Total size of the files in bytes, which is reserved before they are fetched. Absent if it is not known before, as
   * for files in an archive.
   */
  readonly sizeBytes?: number | undefined;
  /** A string that changes when the files in the storage change. Absent if changes are not known. */
  readonly stamp?: string | undefined;
  /**
   * Fetches the files to this machine.
   *
   * @param progressed Call when bytes arrive, to restart the timeout of the load. A fetch that never calls it must
   * end within that timeout.
   */
  fetch(signal: AbortSignal, progressed?: () => void): Promise<LocalLease>;
}

/** Fetched files that stay on this machine until the lease is disposed. The caller of `fetch` disposes it. */
export interface LocalLease extends AsyncDisposable {
  /** The absolute path of the version's directory, or of its only file. */
  readonly path: string;
  /** Total size of the files in bytes. */
  readonly sizeBytes: number;
}

/** Returns whether the files of a version must be fetched first. */
export function isRemotePath(data: object): data is RemotePath {
  return "fetch" in data && typeof data.fetch === "function";
}

/**
 * The files of one version that are not on this machine: what a source of remote storage emits. `fetchedLoader`
 * makes a loader of it, so that platforms see only a local path.
 *
 * A remote path guarantees:
 * - R1 Making it, and reading `uri` and `sizeBytes`, touches no network and no file.
 * - R2 `fetch` resolves with a lease whose `path` has all files of the version, each whole, as the storage had
 *   them at one moment. `lease.sizeBytes` is the size of all files in bytes; `sizeBytes`, if given, is at least that.
 * - R3 The files of a lease stay readable and unchanged until it is disposed, regardless of the outcome of the
 *   version in the storage.
 * - R4 Each `fetch` returns a lease of its own: disposing one leaves the others valid. Disposing one again does
 *   nothing.
 * - R5 If the signal aborts, `fetch` rejects with the signal's reason and leaves nothing behind. No listener stays
 *   on the signal once `fetch` has settled.
 * - R6 A `fetch` that rejects leaves nothing behind but what a later one can use, and may be called again: it then
 *   fetches what the storage has by that time.
 * - R7 A version that is gone or cannot be read rejects with a ServingError whose message has the URI.
 * - R8 `fetch` calls `progressed` whenever bytes have arrived, and while it waits for another process to fetch them.
 */
export interface RemotePath {
  /** The URI of the version, as logs, metrics and status show it. Has no credentials. */
  readonly uri: string;
  /**
   * The size of all files in bytes: what is reserved before they are fetched. Absent if it is not known until then, as
   * of files in an archive.
   */
  readonly sizeBytes?: number | undefined;
  /** A string that changes when the files in the storage do, as far as it is known now. Default: not known. */
  readonly stamp?: string | undefined;
  /**
   * Brings the files to this machine.
   *
   * @param progressed To be called when bytes have arrived: the time limit of the load starts again. A fetch that
   * never calls it must end within that limit.
   */
  fetch(signal: AbortSignal, progressed?: () => void): Promise<LocalLease>;
}

/** Fetched files that stay on this machine until the lease is disposed. The caller of `fetch` disposes it. */
export interface LocalLease extends AsyncDisposable {
  /** The absolute path of the version's directory, or of its one file. */
  readonly path: string;
  /** The size of all files in bytes. */
  readonly sizeBytes: number;
}

/** Returns whether the data of a version are files that must be fetched first. */
export function isRemotePath(data: object): data is RemotePath {
  return "fetch" in data && typeof data.fetch === "function";
}

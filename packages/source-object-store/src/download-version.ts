import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Semaphore } from "@serving-kit/core";
import { bytesBelow, unpackArchive } from "./archive.js";
import { downloadFile } from "./download-file.js";
import type { DownloadContext } from "./download-part.js";
import { syncFolder } from "./folders.js";
import { LinkedAbort } from "./linked-abort.js";
import type { Manifest } from "./manifest.js";
import type { VersionListing } from "./version-listing.js";

/** Options for `downloadVersion`. */
export interface VersionDownload extends DownloadContext {
  readonly manifest?: Manifest | undefined;
  /** Maximum number of concurrent requests. */
  readonly concurrency: number;
  /** Maximum size in bytes of an unpacked archive. */
  readonly maxUnpackedBytes: number;
}

/** A downloaded version. */
export interface DownloadedVersion {
  /** The folder of the model: the folder itself, or one below it. */
  readonly root: string;
  /** Total size of all files in bytes. */
  readonly sizeBytes: number;
  /** The names of objects without a checksum, of which only the length was checked. */
  readonly unverified: readonly string[];
}

/** The name of the archive in a version that is unpacked. */
export const ARCHIVE = "model.tar.gz";

/**
 * Downloads the objects of a version into an empty folder, verifies them, unpacks the archive if there is one, and
 * flushes all files to the disk.
 *
 * @throws ServingError as `downloadFile` and `unpackArchive`. The folder must then be removed.
 */
export async function downloadVersion(
  listing: VersionListing,
  folder: string,
  context: VersionDownload,
): Promise<DownloadedVersion> {
  const { manifest, concurrency, signal, uri } = context;
  using stop = new LinkedAbort(signal);
  const requests = new Semaphore(concurrency);
  const unverified: string[] = [];
  const queue = [...listing.files];
  // Limits the number of open files; small files do not wait for large ones.
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      stop.signal.throwIfAborted();
      const sha256 = manifest?.get(file.name);
      const download = { ...context, signal: stop.signal, requests, sha256 };
      const verification = await downloadFile(file, folder, download);
      if (verification === "unverified" && file.sizeBytes > 0) unverified.push(file.name);
    }
  };
  const workers = Array.from({ length: concurrency }, work);
  for (const worker of workers) worker.catch((error) => stop.abort(error));
  await Promise.allSettled(workers);
  signal.throwIfAborted();
  stop.signal.throwIfAborted();
  let { root, sizeBytes } = { root: folder, sizeBytes: listing.sizeBytes };
  if (listing.files.some(({ name }) => name === ARCHIVE)) {
    const options = { uri: `${uri}/${ARCHIVE}`, signal, maxBytes: context.maxUnpackedBytes };
    root = await unpackArchive(join(folder, ARCHIVE), folder, options);
    sizeBytes = await bytesBelow(root);
  }
  await syncFolders(folder);
  return { root, sizeBytes, unverified };
}

/** Flushes the entries of a folder, of the folders below it, and of its parent. */
async function syncFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of [...folders, folder, dirname(folder)]) await syncFolder(path);
}

import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Semaphore } from "@serving-kit/core";
import { bytesBelow, unpackArchive } from "./archive.js";
import { downloadFile } from "./download-file.js";
import type { DownloadContext } from "./download-part.js";
import { LinkedAbort } from "./linked-abort.js";
import type { Manifest } from "./manifest.js";
import { syncFolder } from "./sync-folder.js";
import type { VersionListing } from "./version-listing.js";

/** How a version is downloaded. */
export interface VersionDownload extends DownloadContext {
  readonly manifest?: Manifest | undefined;
  /** How many requests at a time. */
  readonly concurrency: number;
  /** The most bytes that an archive may unpack to. */
  readonly maxUnpackedBytes: number;
}

/** A version whose files are in a folder. */
export interface DownloadedVersion {
  /** The folder of the model: the folder itself, or one below it. */
  readonly root: string;
  /** The bytes of all files. */
  readonly sizeBytes: number;
  /** The names of the objects that were checked by their length alone, since there is no checksum of them. */
  readonly unverified: readonly string[];
}

/** The name of an archive that is unpacked, if a version has it. */
export const ARCHIVE = "model.tar.gz";

/**
 * Downloads the objects of a version into an empty folder, checks them, unpacks its archive if it is one, and flushes
 * all to the disk.
 *
 * @throws ServingError as `downloadFile` and `unpackArchive` do. The folder is then of no use.
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
  // Few files are open at a time; a small one does not wait for a large one.
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

/** Flushes the entries of a folder, of those below it, and of the one above it. */
async function syncFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of [...folders, folder, dirname(folder)]) await syncFolder(path);
}

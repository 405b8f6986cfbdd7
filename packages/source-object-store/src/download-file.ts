import type { FileHandle } from "node:fs/promises";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Semaphore } from "@serving-kit/core";
import { type Checksum, hasherFor } from "./checksum.js";
import { type DownloadContext, downloadPart, type FilePart } from "./download-part.js";
import { errors } from "./errors.js";
import { LinkedAbort } from "./linked-abort.js";
import { MANIFEST } from "./manifest.js";
import type { VersionFile } from "./version-listing.js";

/** Options for `downloadFile`. */
export interface FileDownload extends DownloadContext {
  /** Limits the concurrent requests of a version. */
  readonly requests: Semaphore;
  /** Returns the SHA-256 of a file from the manifest. */
  readonly sha256?: string | undefined;
}

/** The verification of a downloaded file: by a checksum, or only by its length. */
export type Verification = "verified" | "unverified";

/** Size of a part in bytes. */
const PART_BYTES = 16 * 2 ** 20;

/** Maximum number of downloads of a file whose checksum differs, each from its first byte. */
const MAX_DOWNLOADS = 3;

/** Bytes that are read back at a time: few, because the event loop computes their checksum. */
const READ_BYTES = 2 ** 17;

/**
 * Downloads an object into a folder, flushes it to the disk, and reads it back to verify its checksum: that of the
 * manifest, else that of the store.
 *
 * If the checksum differs, downloads the file again from its first byte.
 *
 * @throws ServingError DATA_LOSS / CHECKSUM_MISMATCH with the file's name if it differs each time; the errors of
 * `downloadPart`.
 */
export async function downloadFile(
  file: VersionFile,
  folder: string,
  context: FileDownload,
): Promise<Verification> {
  const path = join(folder, ...file.name.split("/"));
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "wx+");
  try {
    for (let download = 1; ; download++) {
      const checksum = await expectedOf(file, context);
      await downloadParts(file, handle, context);
      await handle.datasync();
      if (checksum === undefined) return "unverified";
      const hex = await hexOf(handle, checksum, context.signal);
      if (hex === checksum.hex) return "verified";
      if (download === MAX_DOWNLOADS) throw mismatch(file, checksum, hex, context);
      await handle.truncate(0);
    }
  } finally {
    await handle.close();
  }
}

async function expectedOf(
  { key, tag, checksum }: VersionFile,
  { store, sha256, signal, requests }: FileDownload,
): Promise<Checksum | undefined> {
  if (sha256 !== undefined) return { algorithm: "sha256", hex: sha256 };
  if (checksum !== undefined || store.checksum === undefined) return checksum;
  const { checksum: ask } = store;
  return requests.run(() => ask.call(store, key, { ifMatch: tag, signal }));
}

async function downloadParts(
  file: VersionFile,
  handle: FileHandle,
  context: FileDownload,
): Promise<void> {
  using stop = new LinkedAbort(context.signal);
  const { signal } = stop;
  const parts: FilePart[] = [];
  for (let offset = 0; offset < file.sizeBytes; offset += PART_BYTES) {
    parts.push({ file, offset, length: Math.min(PART_BYTES, file.sizeBytes - offset) });
  }
  const downloads = parts.map((part) =>
    context.requests.run(async () => {
      signal.throwIfAborted();
      await downloadPart(part, handle, { ...context, signal });
    }),
  );
  for (const download of downloads) download.catch((error) => stop.abort(error));
  // All requests must end before the file is closed.
  await Promise.allSettled(downloads);
  context.signal.throwIfAborted();
  stop.signal.throwIfAborted();
}

async function hexOf(handle: FileHandle, checksum: Checksum, signal: AbortSignal): Promise<string> {
  const hasher = hasherFor(checksum);
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let position = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return hasher.digest().toString("hex");
    hasher.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

function mismatch(
  { name }: VersionFile,
  { algorithm, hex }: Checksum,
  received: string,
  { uri, sha256 }: FileDownload,
) {
  const by = sha256 === undefined ? `the store's ${algorithm}` : `the ${algorithm} of ${MANIFEST}`;
  return errors.checksumMismatch(`${uri}/${name}`, `${by}, ${hex}`, received);
}

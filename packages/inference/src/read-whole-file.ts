import { openFile } from "./open-file.js";

/** So much is read before the signal is looked at again. */
const CHUNK_BYTES = 8 * 2 ** 20;

/**
 * Reads a file into memory of its own that does not move and that threads can share, so that a model can be
 * used from it while the file is truncated or replaced.
 *
 * @throws as `openFile`; RangeError if the file shrinks meanwhile; the signal's reason, if it aborts.
 */
export async function readWholeFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    let filled = 0;
    while (filled < size) {
      signal?.throwIfAborted();
      const wanted = Math.min(CHUNK_BYTES, size - filled);
      const { bytesRead } = await file.read(bytes, filled, wanted, filled);
      if (bytesRead === 0) throw new RangeError(`it shrank from ${size} to ${filled} bytes`);
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

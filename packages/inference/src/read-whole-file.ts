import { storageGates } from "@serving-kit/core";
import { openFile } from "./open-file.js";

/** Bytes to read between two checks of the signal. */
const CHUNK_BYTES = 8 * 2 ** 20;

/**
 * Reads a file into memory of its own, which does not move and which threads can share. The model stays usable while
 * the file is truncated or replaced.
 *
 * @throws as `openFile`; RangeError if the file shrinks during the read; the signal's reason if it aborts.
 */
export async function readWholeFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const file = await openFile(path, signal);
  try {
    const { size } = await storageGates.run(path, () => file.stat(), signal);
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    let filled = 0;
    while (filled < size) {
      signal?.throwIfAborted();
      const wanted = Math.min(CHUNK_BYTES, size - filled);
      const read = () => file.read(bytes, filled, wanted, filled);
      const { bytesRead } = await storageGates.run(path, read, signal);
      if (bytesRead === 0) throw new RangeError(`it shrank from ${size} to ${filled} bytes`);
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

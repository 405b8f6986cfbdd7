import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { storageGates } from "@serving-kit/core";

/**
 * Opens a file for reading. Rejects anything that a read could block on indefinitely: a FIFO, a socket, a device. The
 * open itself does not block, so that it holds no thread of the pool that the whole process shares. A file on storage
 * that may hang is opened through its gate: see `storageGates`.
 *
 * @throws Node's error if it cannot be opened; Error if it is neither a file nor a folder.
 */
export function openFile(path: string, signal?: AbortSignal): Promise<FileHandle> {
  return storageGates.run(path, () => openNow(path), signal);
}

async function openNow(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await file.stat();
    if (stats.isFile() || stats.isDirectory()) return file;
    const kind = stats.isFIFO() ? "a FIFO" : stats.isSocket() ? "a socket" : "a device";
    throw new Error(`expected a file; got ${kind}: ${path}`);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads a file that `openFile` opens. Rejects as `openFile` does, or with Node's error. */
export async function readFileOf(path: string): Promise<Buffer> {
  const file = await openFile(path);
  try {
    return await storageGates.run(path, () => file.readFile());
  } finally {
    await file.close();
  }
}

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type ReadAt, tfRecordsEnd } from "@serving-kit/tensorflow-wire";

/** Returns the offset at which the last complete record of a file ends. */
export type RecordsEnd = (read: ReadAt, size: number) => Promise<number>;

/** A log contains client data, so only its owner may read it. */
const MODE = 0o600;

/**
 * A file to which one process at a time appends records:
 * - AF1 When it is opened, and after a failed write, it is truncated to its last complete record, so that later
 *   records can be read.
 * - AF2 After `reopen`, the next write opens the path again. If a rotation has renamed the file, this creates a new
 *   file.
 */
export class AppendFile {
  readonly #path: string;
  readonly #endOf: RecordsEnd;
  #file: FileHandle | undefined;
  /** The offset at which the written records end. */
  #size = 0;
  #isStale = false;

  constructor(path: string, endOf: RecordsEnd) {
    this.#path = path;
    this.#endOf = endOf;
  }

  /** Appends complete records, either all or none. Rejects with Node's error. */
  async append(records: Uint8Array): Promise<void> {
    const file = await this.#opened();
    try {
      await file.appendFile(records);
      this.#size += records.length;
    } catch (error) {
      await this.#undo(file).catch(() => this.reopen());
      throw error;
    }
  }

  /** Makes the next write open the path again. */
  reopen(): void {
    this.#isStale = true;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Removes the partial record of a failed write. If that fails too, the next write opens the file again. */
  async #undo(file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    if (size > this.#size) await file.truncate(this.#size);
    else if (size < this.#size) this.reopen(); // another process has truncated it
  }

  async #opened(): Promise<FileHandle> {
    if (this.#isStale) await this.close();
    this.#isStale = false;
    if (this.#file !== undefined) return this.#file;
    const { O_RDWR, O_CREAT, O_APPEND } = constants;
    const file = await open(this.#path, O_RDWR | O_CREAT | O_APPEND, MODE);
    try {
      const stats = await file.stat();
      // A pipe or a terminal cannot be truncated.
      this.#size = stats.isFile() ? await this.#repaired(file, stats.size) : 0;
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    return file;
  }

  /** Truncates the file to its complete records, and returns its size. */
  async #repaired(file: FileHandle, size: number): Promise<number> {
    const read: ReadAt = async (buffer, position) =>
      (await file.read(buffer, 0, buffer.length, position)).bytesRead;
    const end = await this.#endOf(read, size);
    if (end < size) await file.truncate(end);
    return end;
  }
}

/** Returns the offset at which the last complete record of a TFRecord file ends. */
export const endOfTfRecords: RecordsEnd = tfRecordsEnd;

/** Bytes that are read at a time from the end of a file of lines. */
const WINDOW_BYTES = 1 << 16;
const NEWLINE = 10;

/** Returns the offset at which the last complete line of a file ends. */
export const endOfLines: RecordsEnd = async (read, size) => {
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, size));
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - window.length);
    const length = await read(window, start);
    const last = window.subarray(0, Math.min(length, end - start)).lastIndexOf(NEWLINE);
    if (last >= 0) return start + last + 1;
    end = start;
  }
  return 0;
};

import { maskedCrc32c } from "./crc32c.js";

/** Reads from a file, at a position, into the start of a buffer; returns the number of bytes read. */
export type ReadAt = (buffer: Uint8Array, position: number) => Promise<number>;

const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;

/** Number of bytes read at a time. */
const WINDOW_BYTES = 1 << 16;

/**
 * Returns the end position of the last complete record of a TFRecord file. Bytes after it are a truncated record or not
 * a record. Reads the headers of all records.
 */
export async function tfRecordsEnd(read: ReadAt, size: number): Promise<number> {
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, size));
  let start = 0;
  let length = 0;
  let end = 0;
  while (end + HEADER_BYTES + FOOTER_BYTES <= size) {
    if (end < start || end + HEADER_BYTES > start + length) {
      start = end;
      length = await read(window, start);
      if (length < HEADER_BYTES) break;
    }
    const header = window.subarray(end - start, end - start + HEADER_BYTES);
    if (maskedCrc32c(header.subarray(0, 8)) !== header.readUInt32LE(8)) break;
    const next = end + HEADER_BYTES + Number(header.readBigUInt64LE(0)) + FOOTER_BYTES;
    if (next > size) break;
    end = next;
  }
  return end;
}

import { maskedCrc32c } from "./crc32c.js";

const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;

/** Frames data as a record of a TFRecord file. The caller owns the result. */
export function tfRecord(data: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + data.length + FOOTER_BYTES);
  record.writeBigUInt64LE(BigInt(data.length));
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, HEADER_BYTES);
  record.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES + data.length);
  return record;
}

/**
 * Yields the records of a TFRecord file. A record is a uint64 length, the masked CRC-32C of the length, the data, and
 * the masked CRC-32C of the data, little-endian (tensorflow/core/lib/io/record_writer.h).
 *
 * @throws Error at the first record that is truncated or has a wrong checksum.
 */
export function* tfRecords(file: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let offset = 0, index = 0; offset < file.length; index++) {
    const left = file.length - offset - HEADER_BYTES - FOOTER_BYTES;
    if (left < 0) throw new Error(`record ${index} is cut off`);
    check(view, offset, 8, `the length of record ${index}`);
    const length = view.getBigUint64(offset, true);
    if (length > left) throw new Error(`record ${index} of ${length} bytes is cut off`);
    const start = offset + HEADER_BYTES;
    check(view, start, Number(length), `record ${index}`);
    yield file.subarray(start, start + Number(length));
    offset = start + Number(length) + FOOTER_BYTES;
  }
}

/** Checks bytes against the masked checksum that follows them. */
function check(view: DataView, offset: number, length: number, what: string): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  if (maskedCrc32c(bytes) !== view.getUint32(offset + length, true)) {
    throw new Error(`${what} has a wrong checksum`);
  }
}

/** The polynomial of CRC-32C (Castagnoli, RFC 3720), bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const table = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});

/** The CRC-32C of bytes, rotated right by 15 bits, plus a constant. */
function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  crc = (crc ^ 0xffffffff) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * Frames data as a record of a TFRecord file: its length as uint64, the masked CRC-32C of the length,
 * the data, and the masked CRC-32C of the data, little-endian (tensorflow/core/lib/io/record_writer.h).
 */
export function tfRecord(data: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(16 + data.length);
  record.writeBigUInt64LE(BigInt(data.length));
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return record;
}

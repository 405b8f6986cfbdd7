import { createWriteStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly crc32: number;
  readonly method: number;
  /** Where its local header is. */
  readonly offset: number;
}

// Signatures and sizes of PKWARE's APPNOTE: end of central directory, central and local headers.
const END = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
/** In place of a number that is elsewhere, in the form for archives of 4 GiB and more. */
const ZIP64 = 0xffffffff;

/** Lists the files of a zip archive. @throws Error when it is none, or cut off. */
export async function listZip(path: string): Promise<readonly ZipEntry[]> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const tail = await read(file, Math.max(0, size - END_BYTES - MAX_COMMENT_BYTES), size);
    let end = tail.length - END_BYTES;
    while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
    if (end < 0) throw new Error(`${path} is no zip archive, or cut off`);
    const bytes = tail.readUInt32LE(end + 12);
    const offset = tail.readUInt32LE(end + 16);
    if (offset === ZIP64) throw new Error(`${path} is an archive of 4 GiB or more`);
    return parseDirectory(await read(file, offset, offset + bytes));
  } finally {
    await file.close();
  }
}

/**
 * Unpacks one file of a zip archive, streaming, and checks its checksum.
 *
 * @throws Error when its form is not known or its content is damaged.
 */
export async function unzip(
  path: string,
  entry: ZipEntry,
  target: string,
  { onBytes, signal }: { onBytes?: (bytes: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new Error(`${entry.name} is compressed by method ${entry.method}`);
  }
  const file = await open(path, "r");
  try {
    const header = await read(file, entry.offset, entry.offset + LOCAL_BYTES);
    if (header.readUInt32LE(0) !== LOCAL)
      throw new Error(`${entry.name} is not where it should be`);
    const start = entry.offset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    const end = start + entry.compressedBytes - 1;
    let checksum = 0;
    let bytes = 0;
    const check = new Transform({
      transform(chunk: Buffer, _, done) {
        checksum = crc32(chunk, checksum);
        bytes += chunk.length;
        onBytes?.(chunk.length);
        done(bytes > entry.bytes ? new Error(`${entry.name} is longer than it says`) : null, chunk);
      },
    });
    const source = file.createReadStream({ start, end, highWaterMark: 2 ** 20, autoClose: false });
    const unpacked =
      entry.method === STORED ? [check] : [createInflateRaw({ chunkSize: 2 ** 20 }), check];
    const sink = createWriteStream(target, { highWaterMark: 2 ** 22 });
    await pipeline([source, ...unpacked, sink], signal ? { signal } : {});
    if (checksum !== entry.crc32 || bytes !== entry.bytes) {
      throw new Error(`${entry.name} is damaged: its checksum is wrong`);
    }
  } finally {
    await file.close();
  }
}

function parseDirectory(directory: Buffer): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + CENTRAL_BYTES <= directory.length; ) {
    if (directory.readUInt32LE(at) !== CENTRAL) throw new Error("the archive's list is damaged");
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString("utf8", at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes),
      method: directory.readUInt16LE(at + 10),
      crc32: directory.readUInt32LE(at + 16),
      compressedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    const extraBytes = directory.readUInt16LE(at + 30);
    const commentBytes = directory.readUInt16LE(at + 32);
    at += CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

async function read(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, end - start));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  if (bytesRead < buffer.length) throw new Error("the archive is cut off");
  return buffer;
}

import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createGunzip } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import type { InstallOptions } from "./install-options.js";

/** A file to unpack. */
export interface Wanted {
  /** Returns whether a name in the archive is this file. The first match is unpacked. */
  readonly isAt: (name: string) => boolean;
  /** The name of the unpacked file. */
  readonly name: string;
  /** True if the file may be missing from an archive. */
  readonly isOptional?: boolean;
}

/** Options of `unpack`. */
export interface UnpackOptions extends Pick<InstallOptions, "onProgress" | "signal"> {
  /** Maximum bytes that an archive may unpack to. Default 4 GiB. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 2 ** 32;
const READ_BYTES = 2 ** 20;

/**
 * Unpacks files of a `.whl`, `.zip` or `.tar.gz` into a folder, and returns their names. It unpacks only regular files,
 * under the names of `wanted`: it ignores all paths and links of the archive.
 *
 * @throws Error if the archive is damaged, lacks a file, or unpacks to more than `maxBytes`.
 */
export async function unpack(
  file: string,
  wanted: readonly Wanted[],
  folder: string,
  options: UnpackOptions = {},
): Promise<readonly string[]> {
  const isTar = file.endsWith(".tar.gz");
  const unpacked = await (isTar ? unpackTar : unpackZip)(file, wanted, folder, options);
  const missing = wanted.find(({ name, isOptional }) => !isOptional && !unpacked.has(name));
  if (missing !== undefined) throw new Error(`${file} has no ${missing.name}`);
  return [...unpacked];
}

/** Reads the whole archive, so that gzip's checksum is verified. */
async function unpackTar(
  file: string,
  wanted: readonly Wanted[],
  folder: string,
  { onProgress, signal, maxBytes = MAX_BYTES }: UnpackOptions,
): Promise<ReadonlySet<string>> {
  const names = new Map<string, string>();
  const unpacked = new Set<string>();
  const { size: totalBytes } = await stat(file);
  // The archive readers are loaded on demand: most processes install nothing.
  const { unpackTar: unpackTarInto } = await import("modern-tar/fs");
  await pipeline(
    [
      createReadStream(file, { highWaterMark: READ_BYTES }),
      counted((bytes) => onProgress?.({ step: "unpacking", bytes, totalBytes })),
      createGunzip({ chunkSize: READ_BYTES }),
      counted((bytes) => checkSize(file, bytes, maxBytes)),
      unpackTarInto(folder, {
        strict: true,
        fmode: 0o644,
        filter({ name: path, type }) {
          const found = wanted.find(({ isAt, name }) => isAt(path) && !unpacked.has(name));
          if (type !== "file" || found === undefined) return false;
          names.set(path, found.name);
          unpacked.add(found.name);
          return true;
        },
        map: (header) => ({ ...header, name: names.get(header.name) ?? "" }),
      }),
    ],
    signal ? { signal } : {},
  );
  return unpacked;
}

async function unpackZip(
  file: string,
  wanted: readonly Wanted[],
  folder: string,
  { onProgress, signal, maxBytes = MAX_BYTES }: UnpackOptions,
): Promise<ReadonlySet<string>> {
  const { openPromise } = await import("yauzl");
  const archive = await openPromise(file, { autoClose: false });
  try {
    const found = new Map<string, Entry>();
    for await (const entry of archive.eachEntry()) {
      for (const { name, isAt } of wanted) {
        if (isAt(entry.fileName) && !found.has(name)) found.set(name, entry);
      }
    }
    const entries = [...found];
    const totalBytes = entries.reduce((sum, [, entry]) => sum + entry.uncompressedSize, 0);
    checkSize(file, totalBytes, maxBytes);
    let done = 0;
    for (const [name, entry] of entries) {
      const onBytes = (bytes: number) =>
        onProgress?.({ step: "unpacking", bytes: done + bytes, totalBytes });
      await unzip(archive, entry, join(folder, name), { onBytes, signal });
      done += entry.uncompressedSize;
    }
    return new Set(found.keys());
  } finally {
    archive.close();
  }
}

/** Unpacks one file and verifies its checksum. The archive verifies its size. */
async function unzip(
  archive: ZipFile,
  entry: Entry,
  target: string,
  { onBytes, signal }: { onBytes(bytes: number): void; signal: AbortSignal | undefined },
): Promise<void> {
  let checksum = 0;
  const check = counted((bytes, chunk) => {
    checksum = crc32(chunk, checksum);
    onBytes(bytes);
  });
  const source = await archive.openReadStreamPromise(entry);
  const sink = createWriteStream(target, { highWaterMark: 4 * READ_BYTES });
  await pipeline([source, check, sink], signal ? { signal } : {});
  if (checksum !== entry.crc32) {
    throw new Error(`${entry.fileName} is damaged: its checksum is wrong`);
  }
}

/** Passes bytes through and reports their number so far. An error that the callback throws ends the stream. */
function counted(onBytes: (bytes: number, chunk: Buffer) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      try {
        onBytes(bytes, chunk);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

function checkSize(file: string, bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new Error(`${file} unpacks to more than ${maxBytes} bytes`);
}

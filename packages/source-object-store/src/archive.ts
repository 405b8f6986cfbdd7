import { createReadStream } from "node:fs";
import { lstat, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { TarHeader } from "modern-tar";
import { unpackTar } from "modern-tar/fs";
import { errors } from "./errors.js";
import { isSafePath } from "./store-uri.js";

/** Options for `unpackArchive`. */
export interface ArchiveOptions {
  /** The URI of the archive, for errors. */
  readonly uri: string;
  readonly signal: AbortSignal;
  /** Maximum size in bytes of the unpacked files. */
  readonly maxBytes: number;
}

const READ_BYTES = 2 ** 20;
const MAX_ENTRIES = 100_000;

/** Maximum number of nested single folders that are skipped: SageMaker's archives have `export/Servo/1`. */
const MAX_DEPTH = 4;

/**
 * Unpacks a `.tar.gz` into its own folder, removes it, and flushes the files to the disk. Unpacks only files and
 * folders, only below the folder, and rejects names of existing files. Returns the folder of the model: while a
 * folder contains only one folder, that one is entered.
 *
 * @throws ServingError FAILED_PRECONDITION / ARCHIVE_INVALID; the signal's reason; the error of the file system.
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  { uri, signal, maxBytes }: ArchiveOptions,
): Promise<string> {
  const present = new Set(await readdir(folder));
  let entries = 0;
  const check = ({ name, type }: TarHeader) => {
    const path = name.replace(/^(\.\/)+/, "").replace(/\/+$/, "");
    if (path === "" || path === ".") return false; // the folder itself
    if (type === "pax-header" || type === "pax-global-header") return true;
    const [top = ""] = path.split("/");
    if (++entries > MAX_ENTRIES) throw errors.archiveInvalid(uri, `more than ${MAX_ENTRIES} files`);
    if ((type !== "file" && type !== "directory") || !isSafePath(path) || present.has(top)) {
      const expected = "expected files and folders with new names";
      throw errors.archiveInvalid(uri, `${expected}; got the ${type} ${name.slice(0, 200)}`);
    }
    return true;
  };
  try {
    await pipeline(
      createReadStream(archive, { highWaterMark: READ_BYTES }),
      createGunzip({ chunkSize: READ_BYTES }),
      bounded(maxBytes, () => errors.archiveInvalid(uri, `more than ${maxBytes} bytes`)),
      unpackTar(folder, { strict: true, fmode: 0o644, dmode: 0o755, filter: check }),
      { signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    if (isOfTheSystem(error) || (error as { reason?: string }).reason === "ARCHIVE_INVALID") {
      throw error;
    }
    throw errors.archiveInvalid(uri, (error as Error).message, error);
  }
  await rm(archive);
  await syncFiles(folder);
  return rootOf(folder, present);
}

/** Returns whether an error is from a write, not from the archive's bytes, whose codes are zlib's. */
function isOfTheSystem(error: unknown): boolean {
  const { errno, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return errno !== undefined && syscall !== undefined;
}

/** Returns the folder of the model below the folder of an archive: often an archive contains a single folder. */
async function rootOf(folder: string, others: ReadonlySet<string>): Promise<string> {
  let root = folder;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const entries = await readdir(root, { withFileTypes: true });
    const own = root === folder ? entries.filter(({ name }) => !others.has(name)) : entries;
    const [only] = own;
    if (own.length !== 1 || !only?.isDirectory()) return root;
    root = join(root, only.name);
  }
  return root;
}

/** Returns the total size of all files below a folder in bytes. */
export async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const { parentPath, name } of entries.filter((entry) => entry.isFile())) {
    bytes += (await lstat(join(parentPath, name))).size;
  }
  return bytes;
}

async function syncFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of entries.filter((entry) => entry.isFile())) {
    const handle = await open(join(parentPath, name), "r");
    await handle.datasync();
    await handle.close();
  }
}

function bounded(maxBytes: number, error: () => Error): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(error());
      else done(null, chunk);
    },
  });
}

import type { FileHandle } from "node:fs/promises";
import { type Clock, delay, isServingError } from "@serving-kit/core";
import { errors, isStale } from "./errors.js";
import { LinkedAbort } from "./linked-abort.js";
import type { ObjectStore } from "./object-store.js";
import { ProgressWatch } from "./progress-watch.js";
import type { VersionFile } from "./version-listing.js";

/** The dependencies of downloads. */
export interface DownloadContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** The URI of the version, for errors. */
  readonly uri: string;
  readonly signal: AbortSignal;
  /** Time in ms without a byte after which a request is aborted and repeated. */
  readonly stallMs: number;
  /** Called with the number of bytes received. */
  onBytes(count: number): void;
}

/** A range of bytes of a file. */
export interface FilePart {
  readonly file: VersionFile;
  readonly offset: number;
  readonly length: number;
}

/** Maximum number of consecutive requests without a byte before a part fails. */
const MAX_FRUITLESS = 5;

/** Bytes that are written at a time: few, because chunks that are held for long burden the garbage collector. */
const WRITE_BYTES = 2 ** 18;

/**
 * Downloads a part of an object into a file, and resumes after closed connections. Does not verify the bytes: the
 * checksum of the whole file does.
 *
 * @throws ServingError UNAVAILABLE / DOWNLOAD_STALLED if no byte arrives; the errors of the store; the signal's
 * reason; the error of the file system.
 */
export async function downloadPart(
  { file, offset, length }: FilePart,
  handle: FileHandle,
  context: DownloadContext,
): Promise<void> {
  let done = 0;
  for (let fruitless = 0; done < length; ) {
    const before = done;
    try {
      await readInto(file, offset + done, length - done, handle, context, (bytes) => {
        done += bytes;
      });
    } catch (error) {
      context.signal.throwIfAborted();
      fruitless = done > before ? 0 : fruitless + 1;
      if (!isWorthARetry(error) || fruitless >= MAX_FRUITLESS) throw error;
      await delay(context.clock, Math.min(5_000, 200 * 2 ** fruitless), context.signal);
      context.signal.throwIfAborted();
    }
  }
}

/** Returns whether the same request may succeed later. */
function isWorthARetry(error: unknown): boolean {
  return isServingError(error) && error.code === "UNAVAILABLE" && !isStale(error);
}

async function readInto(
  { key, name, tag }: VersionFile,
  offset: number,
  length: number,
  handle: FileHandle,
  { store, clock, uri, signal, stallMs, onBytes }: DownloadContext,
  wrote: (bytes: number) => void,
): Promise<void> {
  using stop = new LinkedAbort(signal);
  const stalled = errors.downloadStalled(`${uri}: ${name}`, stallMs);
  using watch = new ProgressWatch(clock, stallMs, () => stop.abort(stalled));
  const sink = new Sink(handle, offset, wrote);
  try {
    const query = { ifMatch: tag, offset, length, signal: stop.signal };
    for await (const chunk of await store.read(key, query)) {
      watch.progress();
      onBytes(chunk.length);
      await sink.add(chunk);
    }
    await sink.flush();
  } catch (error) {
    await sink.flush();
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
  if (sink.written < length) throw errors.storeUnavailable(`${uri}/${name}`, "its body was short");
}

/** Writes chunks to a file, several with each call. */
class Sink {
  written = 0;
  readonly #handle: FileHandle;
  readonly #offset: number;
  readonly #wrote: (bytes: number) => void;
  #chunks: Uint8Array[] = [];
  #pending = 0;

  constructor(handle: FileHandle, offset: number, wrote: (bytes: number) => void) {
    this.#handle = handle;
    this.#offset = offset;
    this.#wrote = wrote;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.#pending += chunk.length;
    if (this.#pending >= WRITE_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    let chunks = this.#chunks;
    this.#chunks = [];
    this.#pending = 0;
    while (chunks.length > 0) {
      const { bytesWritten } = await this.#handle.writev(chunks, this.#offset + this.written);
      this.written += bytesWritten;
      this.#wrote(bytesWritten);
      chunks = after(chunks, bytesWritten);
    }
  }
}

/** Returns the remaining chunks after some bytes were written. */
function after(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  return chunks.flatMap((chunk) => {
    const rest = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}

import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, delay, systemClock } from "@serving-kit/core";
import { type Checksum, hasChecksum } from "./checksum.js";

/** Maximum number of consecutive connections without progress, and the bytes that count as progress. */
const MAX_FAILURES = 5;
const PROGRESS_BYTES = 2 ** 16;
const PAUSE_MS = 1_000;

/** A file to download, and its destination. */
export interface DownloadOptions {
  readonly url: string;
  /** Checksum of the complete file. */
  readonly checksum: Checksum;
  /** The path of the file. The file is renamed to it when it is complete and verified. */
  readonly file: string;
  readonly onBytes?: (bytes: number, totalBytes: number | undefined) => void;
  readonly onChecking?: () => void;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/**
 * Downloads a file, and resumes from the end of an earlier attempt, in this process or in one that was killed. The part
 * that was downloaded is in `<file>.<checksum>.part`: the checksum in the name ties it to the content, so that no ETag
 * must be stored.
 *
 * @returns a short reason if the server refuses this process, or serves another file; undefined if the file was
 * downloaded.
 * @throws Error if the connection fails permanently after part of the file has arrived; the signal's reason; an error
 * of the file system. The part is kept in each case.
 */
export async function downloadFile(options: DownloadOptions): Promise<string | undefined> {
  const { file, checksum, signal } = options;
  const part = partOf(file, checksum);
  await mkdir(dirname(file), { recursive: true });
  // The second attempt starts from the beginning, because a part of an earlier process may be damaged.
  for (let attempt = 0; attempt < 2; attempt++) {
    const handle = await open(part, constants.O_RDWR | constants.O_CREAT);
    let problem: string | undefined;
    let size = 0;
    try {
      problem = await fill(handle, options);
      ({ size } = await handle.stat());
    } finally {
      await handle.close();
    }
    if (problem !== undefined) {
      if (size === 0) await rm(part, { force: true });
      return problem;
    }
    options.onChecking?.();
    if (await hasChecksum(part, checksum)) {
      await rename(part, file);
      return undefined;
    }
    signal?.throwIfAborted();
    await rm(part, { force: true });
  }
  return `what came is damaged, or another file: expected ${checksum.algorithm} ${checksum.value}`;
}

/** Returns the path of the partial file. */
export function partOf(file: string, { value }: Checksum): string {
  return `${file}.${value.slice(0, 16)}.part`;
}

/** Downloads the missing end of a file. If nothing arrived, returns the reason. */
async function fill(handle: FileHandle, options: DownloadOptions): Promise<string | undefined> {
  const { url, onBytes, signal, clock = systemClock } = options;
  let { size: at } = await handle.stat();
  let hasGot = false;
  for (let failures = 0; ; ) {
    const response = await orUndefined(request(url, at, signal));
    signal?.throwIfAborted();
    // Nothing follows the end: the checksum decides whether this is the end of that file.
    if (response?.status === 416 && at > 0) return undefined;
    const range = response && rangeOf(response, at);
    let bytes = 0;
    if (range === undefined) {
      await orUndefined(response?.body?.cancel());
    } else {
      at = range.start;
      const reader = response?.body?.getReader();
      for (;;) {
        const next = reader && (await orUndefined(reader.read()));
        signal?.throwIfAborted();
        const isEnd = next?.done === true && (range.total === undefined || at >= range.total);
        if (isEnd) {
          await handle.truncate(at);
          return undefined;
        }
        if (next?.value === undefined) break;
        await writeAll(handle, next.value, at);
        at += next.value.length;
        bytes += next.value.length;
        hasGot = true;
        onBytes?.(at, range.total);
      }
    }
    if (!hasGot) return response ? `the server answered ${response.status}` : "no server answered";
    failures = bytes >= PROGRESS_BYTES ? 0 : failures + 1;
    if (failures > MAX_FAILURES) {
      throw new Error("the connection broke again and again; run it again to go on from there");
    }
    if (failures > 0) await delay(clock, failures * PAUSE_MS, signal);
  }
}

function request(url: string, at: number, signal: AbortSignal | undefined): Promise<Response> {
  const range = at > 0 ? { range: `bytes=${at}-` } : {};
  // With a content encoding, the bytes of a range would not be those of the file.
  return fetch(url, {
    headers: { "accept-encoding": "identity", ...range },
    signal: signal ?? null,
  });
}

/** Returns the range of bytes in a response; a server without ranges sends all. Undefined for a refusal. */
function rangeOf(
  { status, headers }: Response,
  at: number,
): { start: number; total: number | undefined } | undefined {
  if (status === 200) {
    const length = headers.get("content-length");
    return { start: 0, total: length === null ? undefined : Number(length) };
  }
  const [, start, total] =
    /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (status !== 206 || Number(start) !== at) return undefined;
  return { start: at, total: Number(total) };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** A broken connection is not an error here, and its message may contain the URL. */
function orUndefined<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
  return Promise.resolve(promise).catch(() => undefined);
}

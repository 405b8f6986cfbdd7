import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Semaphore } from "@serving-kit/core";
import { errors } from "../errors.js";

const gunzipAsync = promisify(gunzip);

/** More at once would be no faster, on libuv's 4 threads, and each takes as much memory as a body may. */
const inflations = new Semaphore(4);

/** The compressions of HTTP that bodies may not have. */
const UNSUPPORTED = /\b(br|compress|deflate|zstd)\b/;

/**
 * Inflates a body whose `Content-Encoding` says gzip, on zlib's threads; gives others as they are, also
 * with a name that is no compression: clients of TF Serving send `UTF-8`, which it passes over.
 *
 * @throws ServingError RESOURCE_EXHAUSTED / BODY_TOO_LARGE beyond `limit` bytes, INVALID_ARGUMENT /
 * BODY_UNREADABLE for broken data, INVALID_ARGUMENT / ENCODING_UNSUPPORTED for other compressions.
 */
export async function inflate(
  body: Uint8Array,
  encoding: string,
  limit: number,
): Promise<Uint8Array> {
  const name = encoding.trim().toLowerCase();
  if (!name.includes("gzip")) {
    if (UNSUPPORTED.test(name)) throw errors.encodingUnsupported(name);
    return body;
  }
  try {
    return await inflations.run(() => gunzipAsync(body, { maxOutputLength: limit }));
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw isTooLarge ? errors.bodyTooLarge(limit) : errors.bodyUnreadable(error);
  }
}

import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { errors } from "../errors.js";

const gunzipAsync = promisify(gunzip);

/**
 * Inflates a body whose `Content-Encoding` says gzip, on zlib's threads; gives others as they are.
 *
 * @throws ServingError RESOURCE_EXHAUSTED / BODY_TOO_LARGE beyond `limit` bytes, INVALID_ARGUMENT /
 * BODY_UNREADABLE for broken data, INVALID_ARGUMENT / ENCODING_UNSUPPORTED for other encodings.
 */
export async function inflate(
  body: Uint8Array,
  encoding: string,
  limit: number,
): Promise<Uint8Array> {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return body;
  if (!name.includes("gzip")) throw errors.encodingUnsupported(name);
  try {
    return await gunzipAsync(body, { maxOutputLength: limit });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw isTooLarge ? errors.bodyTooLarge(limit) : errors.bodyUnreadable(error);
  }
}

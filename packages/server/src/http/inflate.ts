import { createGunzip, createInflate } from "node:zlib";
import { Semaphore } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { CallAllowance } from "../plugins/call-budget.js";

/**
 * More concurrent decompressions would not be faster on libuv's 4 threads, and each uses up to the maximum body size.
 */
const inflations = new Semaphore(4);

/** The HTTP compressions that are not supported for bodies. */
const UNSUPPORTED = /\b(br|compress|deflate|zstd)\b/;

/**
 * Decompresses a body with `Content-Encoding: gzip`, on zlib's threads. Returns other bodies unchanged, even if the
 * header names something that is not a compression: clients of TF Serving send `UTF-8`, which it ignores.
 *
 * @throws ServingError RESOURCE_EXHAUSTED / BODY_TOO_LARGE beyond `limit` bytes, RESOURCE_EXHAUSTED /
 * BODY_INFLATES_TOO_MUCH beyond `MAX_RATIO`, those of the allowance, INVALID_ARGUMENT / BODY_UNREADABLE for broken
 * data, INVALID_ARGUMENT / ENCODING_UNSUPPORTED for other compressions.
 */
export async function inflate(
  body: Uint8Array,
  encoding: string,
  limits: InflateLimits,
): Promise<Uint8Array> {
  const name = encoding.trim().toLowerCase();
  if (!name.includes("gzip")) {
    if (UNSUPPORTED.test(name)) throw errors.encodingUnsupported(name);
    return body;
  }
  return inflations.run(() => inflateBy(createGunzip, body, limits));
}

/**
 * Decompresses a gRPC message by its `grpc-encoding`, gzip or deflate.
 *
 * @throws as `inflate`.
 */
export async function inflateMessage(
  message: Uint8Array,
  encoding: string,
  limits: InflateLimits,
): Promise<Buffer> {
  const create = { gzip: createGunzip, deflate: createInflate }[encoding];
  if (create === undefined) throw errors.encodingUnsupported(encoding);
  return inflations.run(() => inflateBy(create, message, limits));
}

/** The limits of the decompressed body. */
export interface InflateLimits {
  /** Maximum length in bytes. */
  readonly limit: number;
  readonly allowance: CallAllowance;
}

/** Maximum size of a decompressed body in multiples of its compressed size. */
const MAX_RATIO = 100;

/** Up to this decompressed size, any ratio is allowed. */
const MIN_LIMITED_BYTES = 2 ** 20;

const MIN_CHUNK_BYTES = 16_384;

function inflateBy(
  create: typeof createGunzip | typeof createInflate,
  body: Uint8Array,
  { limit, allowance }: InflateLimits,
): Promise<Buffer> {
  const maxBytes = Math.min(limit, Math.max(MIN_LIMITED_BYTES, MAX_RATIO * body.length));
  const chunkSize = Math.min(2 ** 20, Math.max(MIN_CHUNK_BYTES, 4 * body.length));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const inflating = create({ chunkSize });
    inflating.on("data", (chunk: Buffer) => {
      try {
        length += chunk.length;
        if (length > limit) throw errors.bodyTooLarge(limit);
        if (length > maxBytes) throw errors.inflatesTooMuch(MAX_RATIO);
        allowance.receive(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        inflating.destroy();
        reject(error);
      }
    });
    inflating.on("end", () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks, length));
    });
    inflating.on("error", (error) => reject(errors.bodyUnreadable(error)));
    inflating.end(body);
  });
}

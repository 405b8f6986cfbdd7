import type { IncomingMessage } from "node:http";
import { errors } from "../errors.js";

/**
 * Reads the body of a request into one piece of memory: its one copy on the way in.
 *
 * A length that is announced is allocated once, after it was checked; chunks of an unknown length
 * are counted as they come.
 *
 * @throws ServingError RESOURCE_EXHAUSTED / BODY_TOO_LARGE as soon as the limit is passed; CANCELLED
 * / BODY_INCOMPLETE when the client goes before the end.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const announced = Number(request.headers["content-length"] ?? Number.NaN);
  if (announced > limit) return Promise.reject(errors.bodyTooLarge(limit));
  // An earlier middleware has read it, and found nothing.
  if (request.readableEnded) return Promise.resolve(new Uint8Array(0));
  // The client went while an earlier middleware was thinking; no event would tell it any more.
  if (request.destroyed) return Promise.reject(errors.bodyIncomplete());
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let isDone = false;
    request.on("data", (chunk: Uint8Array) => {
      // What is still to come is read and thrown away, so that the client gets to see the answer.
      if (isDone) return;
      chunks.push(chunk);
      length += chunk.length;
      if (length <= limit) return;
      isDone = true;
      chunks.length = 0;
      reject(errors.bodyTooLarge(limit));
    });
    request.on("end", () => {
      if (isDone) return;
      isDone = true;
      const [first] = chunks;
      resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks, length));
    });
    const fail = () => {
      if (isDone) return;
      isDone = true;
      reject(errors.bodyIncomplete());
    };
    request.on("error", fail);
    request.on("close", fail);
  });
}

/**
 * The body that an earlier middleware has read: bytes and text as they are, anything else written
 * as JSON again, which has lost what `JSON.parse` loses.
 *
 * @throws ServingError INTERNAL / BODY_CONSUMED when the middleware left nothing of use.
 */
export function consumedBody(
  request: IncomingMessage & { readonly body?: unknown },
  onLossy: () => void,
): Uint8Array {
  const { body, headers } = request;
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return Buffer.from(body);
  const isForm = /urlencoded/i.test(headers["content-type"] ?? "");
  if (body === undefined || body === null || isForm) throw errors.bodyConsumed();
  onLossy();
  return Buffer.from(JSON.stringify(body));
}

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
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const end = () => {
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("error", onError);
      request.off("close", onClose);
    };
    const onData = (chunk: Uint8Array) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= limit) return;
      end();
      // What is still to come is read and thrown away, so that the client gets to see the answer.
      request.resume();
      reject(errors.bodyTooLarge(limit));
    };
    const onEnd = () => {
      end();
      const [first] = chunks;
      resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks, length));
    };
    const onError = () => {
      end();
      reject(errors.bodyIncomplete());
    };
    const onClose = onError;
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("error", onError);
    request.on("close", onClose);
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

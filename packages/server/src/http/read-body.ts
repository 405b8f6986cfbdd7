import type { IncomingMessage } from "node:http";
import { errors } from "../errors.js";
import type { CallAllowance } from "../plugins/call-budget.js";

/**
 * Reads the body of a request into one piece of memory: its one copy on the way in.
 *
 * A length that is announced is allocated once, after it was checked; chunks of an unknown length
 * are counted as they come.
 *
 * @throws ServingError RESOURCE_EXHAUSTED / BODY_TOO_LARGE as soon as the limit is passed; those of the allowance;
 * CANCELLED / BODY_INCOMPLETE when the client goes before the end. The rest is left unread: see `dropRest`.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  allowance: CallAllowance,
): Promise<Uint8Array> {
  const announced = Number(request.headers["content-length"] ?? Number.NaN);
  if (announced > limit) throw errors.bodyTooLarge(limit);
  // The parser is at the headers. Most bodies have arrived with them, and are whole when it is done.
  await undefined;
  // An earlier middleware has read it, and found nothing.
  if (request.readableEnded) return NO_BYTES;
  // The client went while an earlier middleware was thinking; no event would tell it any more.
  if (request.destroyed) throw errors.bodyIncomplete();
  if (!request.complete) return readChunks(request, limit, allowance);
  const body: Uint8Array = request.read() ?? NO_BYTES;
  if (body.length > limit) throw errors.bodyTooLarge(limit);
  allowance.receive(body.length);
  return body;
}

const NO_BYTES = new Uint8Array(0);

function readChunks(
  request: IncomingMessage,
  limit: number,
  allowance: CallAllowance,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    // A flag, because to remove a listener makes a slow object of the request's listeners.
    let isDone = false;
    const onData = (chunk: Uint8Array) => {
      if (isDone) return;
      try {
        length += chunk.length;
        if (length > limit) throw errors.bodyTooLarge(limit);
        allowance.receive(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        isDone = true;
        request.pause();
        reject(error);
      }
    };
    const onEnd = () => {
      if (isDone) return;
      isDone = true;
      const [first] = chunks;
      resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks, length));
    };
    const fail = () => {
      if (isDone) return;
      isDone = true;
      reject(errors.bodyIncomplete());
    };
    request.on("data", onData);
    request.on("end", onEnd);
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

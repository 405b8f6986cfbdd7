import type { IncomingMessage } from "node:http";
import { errors } from "../errors.js";
import type { CallAllowance } from "../plugins/call-budget.js";

/**
 * Reads the body of a request into one piece of memory: its one copy on the way in.
 *
 * If the length is announced, it is checked and allocated once; otherwise chunks are counted as they arrive.
 *
 * @throws ServingError RESOURCE_EXHAUSTED / BODY_TOO_LARGE as soon as the limit is exceeded; the errors of the
 * allowance; CANCELLED / BODY_INCOMPLETE if the client disconnects before the end. The rest is not read: see
 * `dropRest`.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  allowance: CallAllowance,
): Promise<Uint8Array> {
  const announced = Number(request.headers["content-length"] ?? Number.NaN);
  if (announced > limit) throw errors.bodyTooLarge(limit);
  // The parser has read the headers. Most bodies arrive with them, and are complete in the next microtask.
  await undefined;
  // An earlier middleware has read an empty body.
  if (request.readableEnded) return NO_BYTES;
  // The client disconnected during an earlier middleware, so no further event would report it.
  if (request.destroyed) throw errors.bodyIncomplete();
  if (!isWhole(request)) return readChunks(request, limit, allowance);
  const body: Uint8Array = request.read() ?? NO_BYTES;
  if (body.length > limit) throw errors.bodyTooLarge(limit);
  allowance.receive(body.length);
  return body;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Returns whether the body has arrived and no other reader has begun. A request of HTTP/2 says that it is complete also when
 * it was aborted.
 */
const isWhole = ({ complete, httpVersionMajor, readableFlowing }: IncomingMessage): boolean =>
  complete && httpVersionMajor === 1 && readableFlowing === null;

function readChunks(
  request: IncomingMessage,
  limit: number,
  allowance: CallAllowance,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    // A flag, because removing a listener turns the request's listeners into a slow object.
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
 * Returns the body that an earlier middleware has read: bytes and text unchanged, other values as JSON, without the
 * details that `JSON.parse` loses.
 *
 * @throws ServingError INTERNAL / BODY_CONSUMED if the middleware left no body.
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

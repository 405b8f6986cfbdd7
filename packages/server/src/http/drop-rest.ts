import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";

/** Maximum bytes of an unwanted body that are read and dropped, so that the client sees the response. */
export const MAX_DROPPED_BYTES = 2 ** 20;

/**
 * Reads and drops up to 1 MB of the rest of a body after the response; then closes the connection, or over HTTP/2 the
 * stream.
 */
export function dropRest(
  request: IncomingMessage & { readonly stream?: ServerHttp2Stream },
  response: ServerResponse,
): void {
  let left = MAX_DROPPED_BYTES;
  request.on("data", (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left >= 0) return;
    request.pause();
    const { socket } = request;
    const close = () => (request.stream ? request.stream.close() : socket.destroySoon());
    if (response.writableFinished) close();
    else response.once("finish", close);
  });
  request.on("error", () => {}); // The client disconnected.
  request.resume();
}

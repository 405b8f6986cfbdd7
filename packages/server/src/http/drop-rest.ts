import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";

/** How much of a body that is not wanted is read and dropped, so that the client gets to see the answer. */
export const MAX_DROPPED_BYTES = 2 ** 20;

/**
 * Reads and drops the rest of a body whose request has been answered, up to 1 MB; then closes the connection, over
 * HTTP/2 the stream.
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
  request.on("error", () => {}); // the client went
  request.resume();
}

import type { Server } from "@grpc/grpc-js";
import { http2ServersOf } from "./server-internals.js";

/** nghttp2's number for a connection that does not start as HTTP/2 does. */
const BAD_CLIENT_MAGIC = -903;

/**
 * Makes a function that detects clients that do not speak HTTP/2; call it after each bind of the server. A TLS client
 * names its protocols in the handshake.
 */
export function protocolWatcher(server: Server, onOtherClient: () => void): () => void {
  const onError = ({ errno }: NodeJS.ErrnoException) => {
    if (errno === BAD_CLIENT_MAGIC) onOtherClient();
  };
  const onUnknown = () => onOtherClient();
  return () => {
    for (const http2Server of http2ServersOf(server)) {
      http2Server.off("sessionError", onError).on("sessionError", onError);
      http2Server.off("unknownProtocol", onUnknown).on("unknownProtocol", onUnknown);
    }
  };
}

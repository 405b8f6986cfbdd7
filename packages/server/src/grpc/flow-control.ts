import type { ServerHttp2Session } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { addSettings, http2ServersOf } from "./server-internals.js";

/**
 * Default flow-control window in bytes of each call and each connection. With HTTP/2's 64 KiB, a large message takes
 * a round trip for each 64 KiB; gRPC's C++ core, which measures connections, grows its window to a similar size.
 */
export const FLOW_CONTROL_WINDOW_BYTES = 4 * 2 ** 20;

/** Sets the windows of calls. Call it before the server is bound; grpc-js has this option only for clients. */
export const widenCalls = (server: Server, windowBytes: number): void =>
  addSettings(server, { initialWindowSize: windowBytes });

/** Makes a function that sets the windows of connections. Call it after each bind of the server. */
export function connectionWidener(server: Server, windowBytes: number): () => void {
  const widen = (session: ServerHttp2Session) => session.setLocalWindowSize(windowBytes);
  return () => {
    for (const http2Server of http2ServersOf(server)) {
      http2Server.off("session", widen).on("session", widen);
    }
  };
}

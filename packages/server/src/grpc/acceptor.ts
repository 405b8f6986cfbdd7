import { type AddressInfo, createServer } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";
import type { SharedListen } from "../listening/port-sharing.js";

/** Accepts connections for a gRPC server on a port that threads share. */
export interface Acceptor {
  readonly port: number;
  /** Stops accepting. The accepted connections belong to the gRPC server. */
  close(): void;
}

/**
 * Listens on a port that threads share, which grpc-js itself does not support, and passes the connections to a gRPC
 * server. Rejects with Node's error.
 */
export function acceptFor(
  server: Server,
  credentials: ServerCredentials,
  shared: SharedListen,
): Promise<Acceptor> {
  const injector = server.createConnectionInjector(credentials);
  const acceptor = createServer((socket) => injector.injectConnection(socket));
  return new Promise((resolve, reject) => {
    acceptor.once("error", reject);
    acceptor.listen(shared, () => {
      acceptor.off("error", reject);
      // Errors from now on concern single connections that the system could not accept.
      acceptor.on("error", () => {});
      const { port } = acceptor.address() as AddressInfo;
      resolve({ port, close: () => acceptor.close() });
    });
  });
}

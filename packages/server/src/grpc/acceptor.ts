import { type AddressInfo, createServer } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";
import type { SharedListen } from "../listening/port-sharing.js";

/** Accepts connections for a gRPC server at a port that threads share. */
export interface Acceptor {
  readonly port: number;
  /** Accepts no more. The connections are the gRPC server's. */
  close(): void;
}

/**
 * Listens at a port that threads share, which grpc-js cannot by itself, and gives the connections to a
 * gRPC server. Rejects with Node's error.
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
      // From now on: a connection that the system could not hand over, which is its client's trouble.
      acceptor.on("error", () => {});
      const { port } = acceptor.address() as AddressInfo;
      resolve({ port, close: () => acceptor.close() });
    });
  });
}

import { type AddressInfo, createServer } from "node:net";

/** Options of `listen` for a port that is shared with other threads. */
export type SharedListen =
  /** Node creates the socket. */
  | { readonly host: string; readonly port: number; readonly reusePort: true }
  /** The socket already exists. */
  | { readonly fd: number };

/** An address that threads share. */
export interface SharedAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * The first minor version of Node whose `listen` has `reusePort`, by major version; later major versions all have it.
 */
const REUSE_PORT_SINCE: Readonly<Record<number, number>> = { 22: 12, 23: 1 };

/** The platforms on which the kernel spreads connections over sockets that share a port, and Node supports this. */
const REUSE_PORT_PLATFORMS: readonly NodeJS.Platform[] = ["linux", "freebsd"];

/**
 * Returns how the threads of this process can share a port: with Node's own `reusePort`, else with sockets from the
 * option `reusePortSocket`. Undefined if they cannot.
 */
export function portSharing({
  reusePortSocket,
}: {
  readonly reusePortSocket?: ((address: SharedAddress) => number) | undefined;
}): ((address: SharedAddress) => SharedListen) | undefined {
  if (hasReusePort()) return (address) => ({ ...address, reusePort: true });
  return reusePortSocket && ((address) => ({ fd: reusePortSocket(address) }));
}

function hasReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNew = major > 23 || minor >= (REUSE_PORT_SINCE[major] ?? Number.POSITIVE_INFINITY);
  return isNew && REUSE_PORT_PLATFORMS.includes(process.platform);
}

/**
 * Resolves the address to share: the host to an IP address, and port 0 to a free port. Listens there alone for a
 * moment, because a socket that shares its port would not detect another process that does the same.
 *
 * Rejects with Node's error, such as `EADDRINUSE` if the port is taken.
 */
export function claimAddress(port: number, host: string | undefined): Promise<SharedAddress> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      const { address, port: claimed } = server.address() as AddressInfo;
      server.close(() => resolve({ host: address, port: claimed }));
    });
  });
}

import { type AddressInfo, createServer } from "node:net";

/** How a server listens on a port together with those of other threads: options of `listen`. */
export type SharedListen =
  /** Node makes the socket. */
  | { readonly host: string; readonly port: number; readonly reusePort: true }
  /** The socket is there already. */
  | { readonly fd: number };

/** An address that threads share. */
export interface SharedAddress {
  readonly host: string;
  readonly port: number;
}

/** The first minor version of Node whose `listen` has `reusePort`, by major; later ones all have. */
const REUSE_PORT_SINCE: Readonly<Record<number, number>> = { 22: 12, 23: 1 };

/** Where the kernel spreads connections over sockets that share a port, and Node allows it. */
const REUSE_PORT_PLATFORMS: readonly NodeJS.Platform[] = ["linux", "freebsd"];

/**
 * How the threads of this process can listen on one port, or undefined where they cannot: by Node's
 * own `reusePort`, else by sockets that `reusePortSocket` of the options makes.
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
 * Finds the address to share: the host as an IP address, and a free port for 0. Listens there alone for
 * a moment, since a socket that shares its port would not notice another process that does so too.
 *
 * Rejects with Node's error, `EADDRINUSE` where the port is taken.
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

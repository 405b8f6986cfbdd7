import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type OnReadOpts, type Server, type Socket } from "node:net";

/** Two connected sockets. */
export interface SocketPair {
  readonly ours: Socket;
  /** Never read by Node: a child process inherits it. */
  readonly theirs: Socket;
}

/**
 * Returns a pair of sockets, of which ours reads into the memory that `onread` provides; undefined if the system has no
 * abstract socket addresses, as all except Linux. The pipes of `spawn` lack this: they allocate 64 KiB per read, which
 * must be copied.
 */
export async function socketPair(onread: OnReadOpts): Promise<SocketPair | undefined> {
  if (process.platform !== "linux") return undefined;
  // An abstract address has no file and no permissions, so that a token identifies our own connection.
  const path = `\0serving-kit-${randomUUID()}`;
  const token = randomBytes(16);
  const server = createServer();
  try {
    server.listen(path);
    await once(server, "listening");
    const accepted = acceptedWith(server, token);
    const ours = connect({ path, onread });
    ours.on("error", () => {}); // the process that has the other end reports its own ending
    ours.write(token);
    return { ours, theirs: await accepted };
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}

/** Resolves with the connection that sends the token. All others are closed. */
function acceptedWith(server: Server, token: Buffer): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const others = new Set<Socket>();
    server.once("error", reject);
    server.on("connection", (socket) => {
      others.add(socket);
      socket.on("error", () => {});
      socket.once("data", (bytes) => {
        if (!token.equals(bytes)) return socket.destroy();
        socket.pause();
        others.delete(socket);
        for (const other of others) other.destroy();
        resolve(socket);
      });
    });
  });
}

import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { canReusePort, reusePortSocket } from "../src/reuse-port.js";

const freePort = async (host: string) => {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

/** Listens on a socket of its own that shares the port. */
const listenAlong = async (host: string, port: number) => {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted++;
    socket.end();
  });
  server.listen({ fd: reusePortSocket({ host, port }) });
  await once(server, "listening");
  return { server, accepted: () => accepted };
};

describe.skipIf(!canReusePort)("reusePortSocket", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "::1"],
    ["::", "127.0.0.1"],
  ])("gives sockets that share a port: bound to %s, reached at %s", async (host, client) => {
    const port = await freePort(host);
    const listeners = [await listenAlong(host, port), await listenAlong(host, port)];
    for (let i = 0; i < 64; i++) {
      const socket = connect(port, client).resume();
      await once(socket, "close");
    }
    const accepted = listeners.map((listener) => listener.accepted());
    expect(accepted.reduce((sum, count) => sum + count)).toBe(64);
    expect(Math.min(...accepted)).toBeGreaterThan(8);
    for (const { server } of listeners) server.close();
  });

  it("reports a port that another socket holds exclusively with Node's own code", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    expect(() => reusePortSocket({ host: "127.0.0.1", port })).toThrow(
      expect.objectContaining({ code: "EADDRINUSE", syscall: "bind" }),
    );
    other.close();
  });

  it("accepts addresses, not names", () => {
    expect(() => reusePortSocket({ host: "localhost", port: 1 })).toThrow(
      "bind EINVAL: expected an IP address; got localhost",
    );
  });
});

import { once } from "node:events";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServerOptions, SslConfig } from "../src/index.js";
import { hasOpenssl, selfSigned } from "./tls-world.js";
import { World } from "./world.js";

let world: World;
const sockets: Socket[] = [];
beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await world[Symbol.asyncDispose]();
});

type Where = { readonly port: number; readonly host: string } | { readonly path: string };

function ssl(): SslConfig {
  const { key, cert } = selfSigned(world.path, "server");
  return { serverKey: key.toString(), serverCert: cert.toString() };
}

/** A client that begins a handshake and never ends it. */
async function begin(where: Where): Promise<{ readonly hungUp: Promise<unknown> }> {
  const socket = connect(where).on("error", () => {});
  sockets.push(socket);
  await once(socket, "connect");
  socket.resume().write(Buffer.from("160301", "hex"));
  return { hungUp: once(socket, "close") };
}

/** A connection that was answered and stays open. */
async function keepAlive(where: Where): Promise<void> {
  const socket = connectTls({ ...where, rejectUnauthorized: false });
  sockets.push(socket);
  await once(socket, "secureConnect");
  socket.write("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(socket, "data");
}

describe.skipIf(!hasOpenssl())("a TLS handshake that is never finished (needs openssl)", () => {
  const serve = async (isSocket: boolean, listenOptions = {}, options?: ModelServerOptions) => {
    const server = await world.serve(["m"], options);
    const path = join(world.path, "rest.sock");
    const where = isSocket ? { socketPath: path } : { port: 0, host: "127.0.0.1" };
    const listening = await server.listen({ ...where, ssl: ssl(), ...listenOptions } as never);
    return { server, where: isSocket ? { path } : (listening as { port: number; host: string }) };
  };

  it.each([
    ["a port", false],
    ["a unix socket", true],
  ])(
    "does not keep a server at %s from closing, others being connected or not",
    async (_, isSocket) => {
      const alone = await serve(isSocket);
      const first = await begin(alone.where);
      await alone.server.close();
      await first.hungUp;

      const { server, where } = await serve(isSocket);
      const { hungUp } = await begin(where);
      await keepAlive(where);
      await server.close();
      await hungUp;
    },
  );

  it("is closed when the time for headers is over", async () => {
    const { server, where } = await serve(false, { headersTimeoutMs: 20 });
    await (await begin(where)).hungUp;
    // At a port without a short time: this client may be slow itself.
    const { port, host } = await server.listen({ port: 0, host: "127.0.0.1", ssl: ssl() });
    const asked = request({ port, host, path: "/v1/models", rejectUnauthorized: false }).end();
    const [{ statusCode }] = await once(asked, "response");
    expect(statusCode).toBe(200);
  });

  it.each([
    ["a port", false],
    ["a unix socket", true],
  ])(
    "is cut off with the connections of gRPC at %s, 5 s after the last call",
    async (_, isSocket) => {
      const clock = new FakeClock();
      const server = await world.serve(["m"], { clock, watch: false, pollIntervalMs: 0 });
      const path = join(world.path, "grpc.sock");
      const host = "127.0.0.1";
      const at = isSocket ? { socketPath: path } : { port: 0, host };
      const { port = 0 } = await server.listenGrpc({ ...at, ssl: ssl() });
      const { hungUp } = await begin(isSocket ? { path } : { port, host });
      let isClosed = false;
      const closed = server.close().then(() => {
        isClosed = true;
      });
      while (!isClosed && clock.pending === 0)
        await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(5_000);
      await closed;
      await hungUp;
    },
  );
});

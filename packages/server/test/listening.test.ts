import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Agent } from "node:https";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { ask } from "./ask.js";
import { fixturePlatform } from "./fixture-platform.js";
import { GrpcClient } from "./grpc-client.js";
import { hasOpenssl, selfSigned } from "./tls-world.js";
import { createModelServer } from "./whole-server.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world[Symbol.asyncDispose]());

const PREDICT = "/v1/models/m:predict";
const ONE = '{"instances":[1]}';

describe("a unix socket for REST", () => {
  it("is answered, and its file goes with the server", async () => {
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    const socketPath = join(world.path, "rest.sock");
    expect(await server.listen({ socketPath })).toEqual({ socketPath });
    expect((await ask({ socketPath }, PREDICT, ONE)).status).toBe(200);
    await server.close();
    expect(existsSync(socketPath)).toBe(false);
  });

  it.skipIf(process.platform === "win32")(
    "replaces one whose process has died, for REST and gRPC (skipped on Windows: pipes)",
    async () => {
      await world.publish("m", 1);
      const server = await world.serve(["m"]);
      for (const listen of [
        (socketPath: string) => server.listen({ socketPath }),
        (socketPath: string) => server.listenGrpc({ socketPath }),
      ]) {
        const socketPath = join(world.path, `${listen.length}-${Math.random()}.sock`);
        await leaveSocket(socketPath);
        expect(existsSync(socketPath)).toBe(true);
        expect(await listen(socketPath)).toEqual({ socketPath });
        await expect(listen(socketPath)).rejects.toMatchObject({ code: "EADDRINUSE" });
      }
    },
  );

  it("never removes a file that is not a socket", async () => {
    const server = await world.serve([], { models: [] });
    const socketPath = join(world.path, "precious");
    await writeFile(socketPath, "data");
    const refusal = { reason: "CONFIG_INVALID", message: expect.stringContaining(socketPath) };
    await expect(server.listen({ socketPath })).rejects.toMatchObject(refusal);
    await expect(server.listenGrpc({ socketPath })).rejects.toMatchObject(refusal);
    expect(existsSync(socketPath)).toBe(true);
  });
});

/** Leaves a socket behind, as a process does that is killed. */
async function leaveSocket(path: string): Promise<void> {
  const script = join(world.path, "die.mjs");
  await writeFile(
    script,
    `import { createServer } from "node:net";
    createServer().listen(process.argv[2], () => process.kill(process.pid, "SIGKILL"));`,
  );
  await once(fork(script, [path], { execArgv: [] }), "exit");
}

describe.skipIf(!hasOpenssl())("REST over TLS (skipped: needs openssl)", () => {
  it("closes even if a client has connected and never starts a handshake", async () => {
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    const own = selfSigned(world.path, "server");
    const ssl = { serverKey: own.key.toString(), serverCert: own.cert.toString() };
    const { port } = await server.listen({ port: 0, host: "127.0.0.1", ssl });
    const probe = connect(port, "127.0.0.1");
    await once(probe, "connect");
    const tls = { host: "127.0.0.1", port, servername: "localhost", ca: own.cert };
    const agent = new Agent({ keepAlive: true });
    expect((await ask({ ...tls, agent }, PREDICT, ONE, true)).status).toBe(200);
    await server.close();
    agent.destroy();
    probe.destroy();
  });

  it("answers over https, and with clientVerify only clients with a certificate", async () => {
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    const own = selfSigned(world.path, "server");
    const known = selfSigned(world.path, "client");
    const pair = { serverKey: own.key.toString(), serverCert: own.cert.toString() };
    const listen = async (ssl: object) =>
      (await server.listen({ port: 0, host: "127.0.0.1", ssl: { ...pair, ...ssl } })).port;
    const trusting = { host: "127.0.0.1", servername: "localhost", ca: own.cert };
    const tls = { ...trusting, port: await listen({}) };
    expect((await ask(tls, PREDICT, ONE, true)).status).toBe(200);
    await expect(ask({ host: "127.0.0.1", port: tls.port }, PREDICT, ONE)).rejects.toThrow();
    for (const more of [{}, { customCa: "" }]) {
      await expect(listen({ clientVerify: true, ...more })).rejects.toMatchObject({
        reason: "CONFIG_INVALID",
        message: expect.stringContaining("clientVerify needs customCa"),
      });
    }
    const mutual = {
      ...trusting,
      port: await listen({ customCa: known.cert.toString(), clientVerify: true }),
    };
    const identified = { ...mutual, key: known.key, cert: known.cert };
    expect((await ask(identified, PREDICT, ONE, true)).status).toBe(200);
    await expect(ask(mutual, PREDICT, ONE, true)).rejects.toThrow();
    const stranger = { ...mutual, key: own.key, cert: own.cert };
    await expect(ask(stranger, PREDICT, ONE, true)).rejects.toThrow();
    const socketPath = join(world.path, "tls.sock");
    await server.listen({ socketPath, ssl: pair });
    expect((await ask({ ...trusting, socketPath }, PREDICT, ONE, true)).status).toBe(200);
  });

  it("rejects a key that does not match the certificate, without showing it", async () => {
    const server = await world.serve([], { models: [] });
    const [one, other] = [selfSigned(world.path, "one"), selfSigned(world.path, "other")];
    const ssl = { serverKey: one.key.toString(), serverCert: other.cert.toString() };
    const error = await server.listen({ port: 0, ssl }).catch((thrown) => thrown);
    expect(error).toMatchObject({ reason: "CONFIG_INVALID" });
    expect(error.message).not.toContain("BEGIN");
  });
});

/** A hook that keeps versions loading until it is let go. */
function held() {
  let begin = () => {};
  let release = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const preLoad = () => {
    begin();
    return released;
  };
  return { preLoad, begun, release };
}

describe("beforeStart", () => {
  it("PS5 lets REST and gRPC answer health while models are loading, and rejects predictions", async () => {
    const loading = held();
    await world.publish("m", 1);
    const listening = { rest: 0, grpc: 0 };
    const started = world.serve(["m"], {
      manager: { preLoad: loading.preLoad },
      beforeStart: async (server) => {
        listening.rest = (await server.listen({ port: 0, host: "127.0.0.1" })).port;
        listening.grpc = (await server.listenGrpc({ port: 0, host: "127.0.0.1" })).port as number;
      },
    });
    await loading.begun;
    const rest = { host: "127.0.0.1", port: listening.rest };
    using grpc = new GrpcClient(`127.0.0.1:${listening.grpc}`);
    const refusal = "the server is starting: its models are still loading";
    const refused = await ask(rest, PREDICT, ONE);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([503, { error: refusal }]);
    expect((await ask(rest, "/v1/health/live")).status).toBe(200);
    expect((await ask(rest, "/v1/health/ready")).status).toBe(503);
    expect(JSON.parse((await ask(rest, "/v1/models/m")).text)).toMatchObject({
      model_version_status: [{ version: "1", state: "START" }],
    });
    expect(await grpc.health("m")).toBe(2);
    loading.release();
    await started;
    expect((await ask(rest, PREDICT, ONE)).status).toBe(200);
    expect((await ask(rest, "/v1/health/ready")).status).toBe(200);
    expect(await grpc.health("m")).toBe(1);
  });

  it("fails the start with its rejection, before any model is searched", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await world.publish("m", 1, { failure: "is never loaded" });
    const start = world.serve(["m"], {
      beforeStart: async (server) => void (await server.listen({ port, host: "127.0.0.1" })),
    });
    await expect(start).rejects.toMatchObject({ code: "EADDRINUSE" });
    taken.close();
  });

  it("can close the server while it is starting", async () => {
    const loading = held();
    await world.publish("m", 1);
    let server: ModelServer | undefined;
    const start = createModelServer({
      platforms: [fixturePlatform()],
      models: [{ name: "m", basePath: join(world.path, "m") }],
      settleMs: 0,
      manager: { preLoad: loading.preLoad },
      beforeStart: (starting) => {
        server = starting;
      },
    });
    const refused = expect(start).rejects.toMatchObject({ reason: "SERVER_CLOSING" });
    await loading.begun;
    await server?.close({ deadlineMs: 100 });
    await refused;
  });

  it("lets a reload wait for the start", async () => {
    await world.publish("m", 1);
    await world.publish("n", 1);
    let reloaded: Promise<unknown> | undefined;
    const server = await world.serve(["m"], {
      beforeStart: (starting) => {
        reloaded = starting.reload([{ name: "n", basePath: join(world.path, "n") }]);
      },
    });
    expect(await reloaded).toEqual([{ name: "n" }]);
    expect(server.manager.listAvailable()).toEqual([{ name: "n", version: 1n }]);
  });
});

describe("a client without Host", () => {
  it.each(["1.1", "1.0"])("is answered: HTTP/%s", async (version) => {
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /v1/models/m HTTP/${version}\r\nConnection: close\r\n\r\n`);
    const chunks = await socket.toArray();
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe("a client of the wrong protocol", () => {
  const lines: string[] = [];
  const warn = (_: object, line: string) => void lines.push(line);
  const logger = { info: () => {}, warn, error: () => {} };
  beforeEach(() => void lines.splice(0));

  const sendTo = async (port: number, text: string) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(text);
    await socket.toArray().catch(() => {});
  };
  const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const GET = "GET /v1/models/m HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const host = "127.0.0.1";

  it("is reported once a minute, with the port that serves its protocol", async () => {
    const clock = new FakeClock();
    const server = await world.serve([], { models: [], logger, clock });
    const rest = await server.listen({ port: 0, host });
    const grpc = await server.listenGrpc({ port: 0, host });
    for (let i = 0; i < 3; i++) {
      await sendTo(rest.port, PREFACE);
      await sendTo(grpc.port as number, GET);
    }
    const once = [
      `REST port ${rest.port}: a client speaks HTTP/2, as gRPC clients do; gRPC is served at port ${grpc.port}`,
      `gRPC port ${grpc.port}: a client does not speak HTTP/2, so it may be a REST client; REST is served at port ${rest.port}`,
    ];
    expect(lines).toEqual(once);
    await clock.advance(60_000);
    await sendTo(rest.port, PREFACE);
    await sendTo(grpc.port as number, GET);
    expect(lines).toEqual([...once, ...once]);
  });

  it("is reported with the listener's hint, or that no port serves its protocol", async () => {
    const server = await world.serve([], { models: [], logger });
    const { port } = await server.listenGrpc({ port: 0, host });
    await sendTo(port as number, GET);
    const told = await server.listenGrpc({ port: 0, host, elsewhere: "see the manual" });
    await sendTo(told.port as number, GET);
    expect(lines).toEqual([
      expect.stringMatching(/this server does not serve REST on a port$/),
      expect.stringMatching(/; see the manual$/),
    ]);
  });
});

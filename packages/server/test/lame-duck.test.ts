import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { gate } from "./fixture-platform.js";
import { GrpcClient } from "./grpc-client.js";
import { ThreadsWorld } from "./threads-world.js";
import { World } from "./world.js";

const LONG_MS = 600_000;
const NOT_SERVING = 2;

let world: World;
const cleanUps: (() => unknown)[] = [];
beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
  await world[Symbol.asyncDispose]();
});

const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
};

/** A client with one connection that it keeps. */
function keepAlive(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cleanUps.push(() => agent.destroy());
  return async (path: string, body?: string) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = request({ port, host: "127.0.0.1", path, method, agent });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const { connection } = response.headers;
    return { status: response.statusCode, text: Buffer.concat(chunks).toString(), connection };
  };
}

const PREDICT = "/v1/models/m:predict";
const BODY = '{"instances":[1]}';
const answered = { status: 200, text: '{"predictions":[2.5]}' };
const input = {
  model_spec: { name: "m" },
  inputs: { x: { dtype: 1, tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] } },
};

const listen = async (server: ModelServer) =>
  (await server.listen({ port: 0, host: "127.0.0.1" })).port;

describe("lameDuck over REST", () => {
  it("reports not ready, and answers with Connection: close on old and new connections", async () => {
    const server = await world.serve(["m"]);
    const port = await listen(server);
    const ask = keepAlive(port);
    expect(await ask(PREDICT, BODY)).toEqual({ ...answered, connection: "keep-alive" });
    const leaving = server.lameDuck(LONG_MS);
    expect(await ask(PREDICT, BODY)).toEqual({ ...answered, connection: "close" });
    expect(await ask(PREDICT, BODY)).toEqual({ ...answered, connection: "close" });
    expect(await ask("/v1/health/ready")).toMatchObject({ status: 503, connection: "close" });
    expect(await ask("/v1/health/live")).toMatchObject({ status: 200, connection: "close" });
    expect(await ask("/nowhere")).toMatchObject({ status: 404, connection: "close" });
    expect(server.lameDuck(1)).toBe(leaving);
    await server.close();
    await leaving;
    await expect(ask(PREDICT, BODY)).rejects.toThrow("ECONNREFUSED");
  });

  it("ends early if no connection is open and none came for a second", async () => {
    const clock = new FakeClock();
    const server = await world.serve(["m"], { clock, watch: false });
    const port = await listen(server);
    const idle = request({ port, host: "127.0.0.1", method: "POST", path: PREDICT });
    idle.on("error", () => {});
    idle.flushHeaders();
    // One that comes later and goes: the idle one has been accepted by then.
    const probe = request({ port, host: "127.0.0.1", path: "/v1/health/live", agent: false }).end();
    (await once(probe, "response"))[0].resume();
    await once(probe, "close");
    let hasEnded = false;
    const leaving = server.lameDuck(LONG_MS).then(() => {
      hasEnded = true;
    });
    await clock.advance(30_000);
    expect(hasEnded).toBe(false);
    idle.destroy();
    await until(async () => {
      await clock.advance(100);
      return hasEnded;
    });
    await leaving;
    expect(clock.now()).toBeLessThan(LONG_MS);
  });

  it("lasts its full time if the API is mounted in an app, whose connections are not known", async () => {
    const clock = new FakeClock();
    const server = await world.serve(["m"], { clock, watch: false });
    const app = createServer(server.rest).listen(0, "127.0.0.1");
    cleanUps.push(
      () => app.closeAllConnections(),
      () => app.close(),
    );
    await once(app, "listening");
    const ask = keepAlive((app.address() as AddressInfo).port);
    expect(await ask(PREDICT, BODY)).toMatchObject(answered);
    let hasEnded = false;
    const leaving = server.lameDuck(5_000).then(() => {
      hasEnded = true;
    });
    await clock.advance(4_999);
    expect(hasEnded).toBe(false);
    expect(await ask(PREDICT, BODY)).toEqual({ ...answered, connection: "close" });
    await clock.advance(1);
    await leaving;
    expect(await ask(PREDICT, BODY)).toMatchObject(answered);
  });

  it("ends immediately before the start and while closing, and rejects invalid numbers", async () => {
    let before: Promise<void> | undefined;
    const server = await world.serve(["m"], {
      beforeStart: (starting) => {
        before = starting.lameDuck(LONG_MS);
      },
    });
    await before;
    const port = await listen(server);
    expect((await fetch(`http://127.0.0.1:${port}/v1/health/ready`)).status).toBe(200);
    for (const ms of [-1, Number.NaN, "5000"]) {
      expect(() => server.lameDuck(ms as number)).toThrow(RangeError);
    }
    const closing = server.close();
    await server.lameDuck(LONG_MS);
    await closing;
  });
});

describe("lameDuck over gRPC", () => {
  /** A connection of HTTP/2, and whether it was told to go away. */
  async function openHttp2(port: number) {
    const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`);
    cleanUps.push(() => session.destroy());
    const seen = { goesAway: false, isClosed: false };
    session.on("goaway", (code) => {
      seen.goesAway = code === 0;
    });
    session.on("close", () => {
      seen.isClosed = true;
    });
    session.on("error", () => {});
    await once(session, "remoteSettings");
    return seen;
  }

  const client = (port: number) => {
    const grpc = new GrpcClient(`127.0.0.1:${port}`);
    cleanUps.push(() => grpc[Symbol.dispose]());
    return grpc;
  };

  it("sends GOAWAY once to each open connection, and none to a new one", async () => {
    await world.publish("slow", 1, { waits: true });
    const server = await world.serve(["m", "slow"]);
    const { port = 0 } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    const old = await openHttp2(port);
    const grpc = client(port);
    await grpc.predict(input);
    const { answer } = grpc.begin({ ...input, model_spec: { name: "slow" } });
    await until(() => gate.waiting.size > 0);

    const leaving = server.lameDuck(LONG_MS);
    await until(() => old.isClosed);
    expect(old.goesAway).toBe(true);
    expect(await grpc.health()).toBe(NOT_SERVING);
    expect(await grpc.health("m")).toBe(NOT_SERVING);
    await grpc.predict(input);
    gate.open();
    await answer;

    const late = await openHttp2(port);
    await grpc.predict(input);
    expect(late).toEqual({ goesAway: false, isClosed: false });
    await server.close();
    await leaving;
    await until(() => late.isClosed);
  });

  it("fails no call of a client that calls all the time", async () => {
    const server = await world.serve(["m"]);
    const { port = 0 } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    const grpc = client(port);
    let calls = 0;
    let isOver = false;
    // A call that crosses the GOAWAY was not processed, and gRPC's clients make it again by themselves.
    const callers = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        await grpc.predict(input);
        calls++;
      }
    });
    await until(() => calls > 20);
    void server.lameDuck(LONG_MS);
    const before = calls;
    await until(() => calls > before + 200);
    isOver = true;
    await Promise.all(callers);
  });
});

describe("lameDuck with several event loops", () => {
  it("is that of every loop", async () => {
    await using threads = await ThreadsWorld.start();
    await threads.serve("m", 1);
    const { port = 0 } = await threads.server.listenGrpc({ port: 0, host: "127.0.0.1" });
    const asks = Array.from({ length: 16 }, () => keepAlive(threads.port));
    const ask = (path: string) => Promise.all(asks.map((one) => one(path)));
    for (const { connection } of await ask("/v1/health/ready"))
      expect(connection).toBe("keep-alive");
    const grpc = new GrpcClient(`127.0.0.1:${port}`);
    cleanUps.push(() => grpc[Symbol.dispose]());
    expect(await grpc.health("m")).toBe(1);

    const leaving = threads.server.lameDuck(LONG_MS);
    await until(async () => (await ask("/v1/health/ready")).every(({ status }) => status === 503));
    for (const answer of await ask("/v1/models/m")) {
      expect(answer).toMatchObject({ status: 200, connection: "close" });
    }
    expect(await grpc.health("m")).toBe(NOT_SERVING);
    await threads.server.close();
    await leaving;
  });

  it("ends early if no loop has a connection", async () => {
    await using threads = await ThreadsWorld.start();
    await threads.serve("m", 1);
    await threads.server.lameDuck(LONG_MS);
    expect(await threads.get("/v1/health/ready")).toMatchObject({ status: 503 });
  });
});

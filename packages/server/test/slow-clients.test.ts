import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deflateSync, gzipSync } from "node:zlib";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeHttp, type HttpListenerHost, listenHttp } from "../src/http/http-listener.js";
import type { ListenOptions, ModelServer } from "../src/index.js";
import { LoopLimits } from "../src/limits/loop-limits.js";
import { limitSettings } from "../src/limits/server-limits.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

const hostOf = (onRequest: HttpListenerHost["onRequest"]): HttpListenerHost => ({
  onRequest,
  limits: new LoopLimits(limitSettings(), 0, { clock: new FakeClock(), refused: () => {} }),
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let world: World;
let server: ModelServer;
let port: number;
let patientPort: number;
const sockets: Socket[] = [];
const LIMIT = 1_000_000;
const anyPort = { port: 0, host: "127.0.0.1" };

beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
  server = await world.serve(["m"], { rest: { maxBodyBytes: LIMIT } });
  patientPort = (await server.listen(anyPort)).port;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await world[Symbol.asyncDispose]();
});

const listen = async (options: ListenOptions = {}) => {
  ({ port } = await server.listen({ ...anyPort, ...options }));
};

/** A client that sends what it is told and never ends of itself: its answer when the server hangs up. */
function client(...parts: (string | Uint8Array)[]) {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  sockets.push(socket);
  let text = "";
  socket.setEncoding("latin1").on("data", (data: string) => {
    text += data;
  });
  socket.on("error", () => {});
  for (const part of parts) socket.write(part);
  const hungUp = new Promise<string>((resolve) => {
    socket.once("end", () => resolve(text));
    socket.once("close", () => resolve(text));
  });
  return { socket, hungUp, text: () => text };
}

const head = (length: number | string, headers = "") =>
  `POST /v1/models/m:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n${headers}\r\n`;
/** Asks at a port without short times: this client may be slow itself. */
const isAnswering = async () => {
  const response = await fetch(`http://127.0.0.1:${patientPort}/v1/models/m:predict`, {
    method: "POST",
    body: '{"instances":[1.0]}',
  });
  expect([response.status, await response.text()]).toEqual([200, '{"predictions":[2.5]}']);
};

describe("a slow client", () => {
  it.each([
    ["its headers", "POST /v1/models/m:predict HTTP/1.1\r\nHost:", "headersTimeoutMs"],
    ["its first line", "POS", "headersTimeoutMs"],
    ["its body", `${head(100)}{"inst`, "requestTimeoutMs"],
    ["its headers, as part of the whole", "GET /v1/models HTTP/1.1\r\n", "requestTimeoutMs"],
  ])("that never ends %s is answered 408 and cut off", async (_, text, option) => {
    let answer = "";
    // Of a client that was not heard in time the server knows no request to answer.
    for (let ms = 20; answer === ""; ms *= 2) {
      await listen({ [option]: ms });
      answer = await client(text).hungUp;
    }
    expect(answer).toMatch(
      /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*\{"error":"Request Timeout"\}$/,
    );
    await isAnswering();
    await server.close(); // would wait for what is in flight, and for connections
  });

  it("that sends nothing is closed", async () => {
    await listen({ headersTimeoutMs: 20 });
    await client().hungUp;
  });

  it.each([
    ["says nothing", []],
    ["never ends its headers", ["GET /v1/models HTTP/1.1\r\nHost:"]],
    [
      "has been answered and never ends its next headers",
      ["GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/models HTTP/1.1\r\nHost:"],
    ],
    ["never ends a body that was refused", [`${head(2 ** 30)}{"inst`]],
  ])("that %s does not keep the server from closing", async (_, parts) => {
    await listen();
    const { socket, hungUp } = client(...parts);
    await once(socket, "connect");
    await isAnswering();
    await server.close();
    await hungUp;
  });

  it.each([
    ["says nothing", ""],
    ["never ends its first frame", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"],
    ["never ends its preface", "PRI * HTTP"],
  ])("of gRPC that %s keeps the server from closing for 5 s at most", async (_, text) => {
    const clock = new FakeClock();
    const patient = await world.serve(["m"], { clock, watch: false, pollIntervalMs: 0 });
    const grpc = await patient.listenGrpc({ port: 0, host: "127.0.0.1" });
    port = grpc.port as number;
    const { socket, hungUp } = client(text);
    await once(socket, "connect");
    using other = new GrpcClient(`127.0.0.1:${port}`);
    expect(await other.health("m")).toBe(1);
    let isClosed = false;
    const closed = patient.close().then(() => {
      isClosed = true;
    });
    while (!isClosed && clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5_000);
    await closed;
    await hungUp;
  });

  it("in large numbers do not block other clients", async () => {
    await listen({ headersTimeoutMs: 300 });
    const slow = Array.from({ length: 500 }, (_, i) => client(i % 2 ? head(100) : "GET / HTTP"));
    await isAnswering();
    const headersOnly = slow.filter((_, i) => i % 2 === 0);
    await Promise.all(headersOnly.map(({ hungUp }) => hungUp));
    await isAnswering();
  });

  it("has 30 s for headers and 300 s in total by default; Infinity disables the limits", async () => {
    const timesOf = async (options: ListenOptions) => {
      const { server: http } = await listenHttp(
        hostOf(() => {}),
        {
          port: 0,
          host: "127.0.0.1",
          ...options,
        },
      );
      http.close();
      return [http.headersTimeout, http.requestTimeout];
    };
    expect(await timesOf({})).toEqual([30_000, 300_000]);
    expect(await timesOf({ requestTimeoutMs: 5_000 })).toEqual([5_000, 5_000]);
    expect(await timesOf({ headersTimeoutMs: Infinity, requestTimeoutMs: Infinity })).toEqual([
      0, 0,
    ]);
  });
});

describe("an answer that its client does not read", () => {
  const LENGTH = 30_000_000; // more than the system takes in

  async function answered() {
    const { server: http } = await listenHttp(
      hostOf((_, response) => response.end(Buffer.alloc(LENGTH))),
      { port: 0, host: "127.0.0.1" },
    );
    ({ port } = http.address() as AddressInfo);
    const { socket, hungUp } = client("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let received = 0;
    socket.on("data", ({ length }: string) => {
      received += length;
    });
    await once(socket, "data");
    socket.pause();
    return { http, socket, hungUp, received: () => received };
  }

  it("is not aborted by closing if it starts immediately", async () => {
    const { http, socket, hungUp, received } = await answered();
    const closed = closeHttp(http);
    await new Promise((resolve) => setImmediate(resolve));
    socket.resume();
    await closed;
    await hungUp;
    expect(received()).toBeGreaterThan(LENGTH);
  });

  it("at all does not keep the server from closing", async () => {
    const { http } = await answered();
    await closeHttp(http, 20);
  });
});

describe("limits", () => {
  it("rejects headers beyond Node's 16 KiB with 431", async () => {
    await listen();
    const { hungUp } = client(
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    );
    expect(await hungUp).toMatch(
      /^HTTP\/1\.1 431 .*[\s\S]*\{"error":"Request Header Fields Too Large"\}$/,
    );
    await isAnswering();
  });

  it.each(["1e9", "-1", "0x10", "99999999999999999999", "1, 2"])(
    "takes no Content-Length of %s for a length",
    async (length) => {
      await listen();
      const { socket, hungUp } = client(head(length), "{}");
      socket.end();
      expect(await hungUp).toMatch(/^HTTP\/1\.1 (400|413) /);
      await isAnswering();
    },
  );
});

describe("an aborted upload", () => {
  it("leaves nothing in flight and nothing in memory", async () => {
    let received = 0;
    const http = createServer((request, response) => {
      server.rest(request, response);
      request.on("data", ({ length }) => {
        received += length;
      });
    }).listen(0, "127.0.0.1");
    await once(http, "listening");
    ({ port } = http.address() as AddressInfo);
    const part = Buffer.alloc(200_000, "[");
    const uploads = async () => {
      const expected = received + 20 * part.length;
      const clients = Array.from({ length: 20 }, () => client(head(900_000), part));
      while (received < expected) await new Promise((resolve) => setImmediate(resolve));
      for (const { socket } of clients) socket.resetAndDestroy();
      await isAnswering();
    };
    await uploads();
    const used = () => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers;
    };
    const before = used();
    for (let i = 0; i < 10; i++) await uploads();
    await server.close(); // would wait for what is in flight
    await expect.poll(() => used() - before, { timeout: 5_000 }).toBeLessThan(8_000_000);
    http.close();
    http.closeAllConnections();
  });
});

describe("Content-Encoding", () => {
  const post = async (body: Uint8Array, encoding: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/models/m:predict`, {
      method: "POST",
      body,
      headers: { "Content-Encoding": encoding },
    });
    return [response.status, ((await response.json()) as { error?: string }).error];
  };
  const body = Buffer.from('{"instances":[1.0]}');
  const unreadable =
    "the request body is not valid gzip data although its Content-Encoding says gzip";

  it.each<[string, Uint8Array, number, string | undefined]>([
    ["gzip", gzipSync(body), 200, undefined],
    ["GZIP", gzipSync(body), 200, undefined],
    ["identity", body, 200, undefined],
    ["gzip", body, 400, unreadable],
    ["gzip", gzipSync(body).subarray(0, 20), 400, unreadable],
    ["gzip", new Uint8Array(0), 400, unreadable],
    ["gzip", gzipSync(Buffer.alloc(50 * LIMIT)), 413, expect.stringContaining(`${LIMIT} bytes`)],
    [
      "deflate",
      deflateSync(body),
      400,
      'Content-Encoding: expected gzip or identity; got "deflate"',
    ],
    ["br", body, 400, 'Content-Encoding: expected gzip or identity; got "br"'],
    ["x-gzip", gzipSync(body), 200, undefined],
  ])("%s of case %#", async (encoding, sent, status, error) => {
    await listen();
    expect(await post(sent, encoding)).toEqual([status, error]);
    await isAnswering();
  });
});

import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import { connect } from "node:net";
import { deferred } from "@serving-kit/testing";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HttpRoute, ModelServer, Protocol } from "../src/index.js";
import { World } from "./world.js";

let world: World;
let server: ModelServer;
/** The port whose plain requests the server answers itself, and the port that node:http answers alone. */
let plain: number;
let byNode: number;
let waiting: { readonly started: () => void; readonly release: Promise<void> };
let signal: AbortSignal | undefined;
let echoed: number;

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

const route = (path: string, handle: HttpRoute["handle"]): HttpRoute => ({
  method: "*",
  path,
  handle,
});

const routes: readonly HttpRoute[] = [
  route("/echo", async ({ method, search, headers, isSecure, body }) => {
    echoed++;
    const text = Buffer.from(await body()).toString();
    return { status: 200, body: json({ method, search, headers, isSecure, body: text }) };
  }),
  route("/wait", async (request) => {
    signal = request.signal;
    waiting.started();
    await waiting.release;
    return { status: 200, body: json("waited") };
  }),
  route("/error", () => {
    throw new TypeError("unexpected");
  }),
  route("/special", () => ({
    status: 201,
    contentType: "text/plain",
    headers: { "X-A": "b" },
    body: Buffer.from("[é]"),
  })),
  route("/status/:status", ({ params }) => ({ status: Number(params.status), body: json({}) })),
  route("/closing", () => ({ status: 200, headers: { connection: "close" }, body: json({}) })),
  route("/large", () => ({ status: 200, body: Buffer.alloc(300_000, "c") })),
  route("/stream", () => ({ status: 200, body: parts() })),
];

/** A part is larger than what a connection takes at once. */
async function* parts() {
  for (const part of ["a", "b".repeat(2_000_000), "[c]"]) yield Buffer.from(part);
}

const protocol: Protocol = { name: "echo", apis: [], http: () => routes };

beforeEach(async () => {
  echoed = 0;
  world = await World.create();
  server = await world.serve([], {
    startUpPolicy: "none",
    protocols: [protocol],
    rest: { maxBodyBytes: 1_000 },
  });
  plain = await listen();
  const trace = () => {};
  diagnostics.subscribe("http.server.request.start", trace);
  byNode = await listen();
  diagnostics.unsubscribe("http.server.request.start", trace);
});
afterEach(() => world[Symbol.asyncDispose]());

const listen = async () => (await server.listen({ port: 0, host: "127.0.0.1" })).port;

function client(port: number) {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  let wake = () => {};
  socket.setEncoding("latin1").on("data", (data: string) => {
    text += data;
    wake();
  });
  socket.on("error", () => {});
  const closed = Promise.race([once(socket, "end"), once(socket, "close")]);
  const received = async (responses: number) => {
    while (
      (text.match(/HTTP\/1\.1 \d/g)?.length ?? 0) < responses ||
      !/([\]}c]|\r\n\r\n)$/.test(text)
    ) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { socket, received, closed: closed.then(() => text) };
}

/** Returns responses without the time of day and the order of headers. */
const comparable = (text: string) =>
  text
    .split("\r\n")
    .map((line) => line.replace(/^Date: .*/, "Date").replace(/"[0-9a-f-]{36}"/, "ID"))
    .sort();

const LAST = "GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n";

/** A part to send, or the number of responses to wait for. */
type Step = string | number;

/** Sends parts, and returns the responses after the server has closed the connection. */
async function exchange(port: number, steps: readonly Step[]) {
  const { socket, closed, received } = client(port);
  for (const step of steps) {
    if (typeof step === "number") await received(step);
    else socket.write(step, "latin1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  const text = await closed;
  socket.destroy();
  return comparable(text);
}

const post = (path: string, body: string, headers = "") =>
  `POST ${path} HTTP/1.1\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\n${headers}\r\n`;
const CHUNKED = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

describe("a connection is answered as by node:http", () => {
  it.each<[string, Step[]]>([
    ["GET", [get("/echo"), 1, LAST]],
    [
      "POST, again and again",
      [post("/echo", "abc"), 1, post("/echo", "a"), 2, post("/echo", "abc"), 3, LAST],
    ],
    ["headers and a query", [post("/echo?a=b%20c", "é", "X-A: b\r\nUser-Agent: é\r\n"), 1, LAST]],
    [
      "a request in parts",
      ["POST /ec", "ho HTTP/1.1\r\nContent-Length: 6", "\r\n\r\nabc", "def", 1, LAST],
    ],
    ["a body in parts", ["POST /echo HTTP/1.1\r\nContent-Length: 6\r\n\r\n", ..."abcdef", 1, LAST]],
    [
      "a body in many parts",
      [post("/echo", "a".repeat(20)).slice(0, -19), ..."a".repeat(19), 1, LAST],
    ],
    [
      "requests without waiting",
      [post("/echo", "a") + get("/special") + post("/echo", "b") + LAST],
    ],
    ["a request of HTTP/1.0", ["GET /echo HTTP/1.0\r\n\r\n"]],
    ["HEAD", [get("/echo"), 1, "HEAD /special HTTP/1.1\r\n\r\n", LAST]],
    ["chunks", [post("/echo", "a"), 1, CHUNKED, 2, post("/echo", "b"), 3, LAST]],
    ["Expect", [post("/echo", "a", "Expect: 100-continue\r\n"), 2, LAST]],
    ["an unknown path", [post("/nothing", "a"), 1, LAST]],
    ["a method that no route has", ["DELETE /nothing HTTP/1.1\r\n\r\n", 1, LAST]],
    ["an unexpected error", [get("/error"), 1, LAST]],
    ["headers and a type of its own", [get("/special"), 1, get("/echo"), 2, LAST]],
    ["a large response", [get("/large"), 1, get("/echo"), 2, LAST]],
    ["a stream", [get("/stream"), 1, get("/echo"), 2, LAST]],
    ["a status without a body", [get("/status/204"), 1, get("/echo"), 2, LAST]],
    ["the other status without a body", [get("/status/304"), 1, get("/echo"), 2, LAST]],
    ["a status without a name", [get("/status/499"), 1, LAST]],
    ["a status that there is not", [get("/echo"), 1, get("/status/1000")]],
    ["a response that closes the connection", [get("/closing")]],
    ["a body that is too large", [post("/echo", "a".repeat(2_000)), 1, LAST]],
    ["a broken encoding", [post("/echo", "abc", "Content-Encoding: gzip\r\n"), 1, LAST]],
    ["a host that is not allowed", [get("/echo", "Host: evil.example\r\n"), 1, LAST]],
    ["no HTTP", ["abc\r\n\r\n"]],
    ["no HTTP after a request", [get("/echo"), 1, "abc\r\n\r\n"]],
  ])("%s", async (_, sent) => {
    expect(await exchange(plain, sent)).toEqual(await exchange(byNode, sent));
  });

  it("in any order, in any parts", async () => {
    const requests = fc.constantFrom(
      ...[get("/echo"), get("/special"), get("/large"), get("/stream"), get("/error"), CHUNKED],
      ...[post("/echo", "abc"), post("/echo", "a".repeat(900)), "HEAD /echo HTTP/1.1\r\n\r\n"],
    );
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(requests, { maxLength: 5 }), cuts, async (some, where) => {
        const text = some.join("") + LAST;
        const places = where.map((at) => Math.round(at * text.length)).sort((a, b) => a - b);
        const parts = [...places, text.length].map((at, i) => text.slice(places[i - 1] ?? 0, at));
        const sent = parts.filter((part) => part !== "");
        expect(await exchange(plain, sent)).toEqual(await exchange(byNode, sent));
      }),
      { numRuns: 60 },
    );
  });
});

describe("a connection of plain requests", () => {
  /** Starts a request that waits for `release`. */
  async function start(port: number) {
    const { promise: started, resolve } = deferred();
    const release = deferred();
    waiting = { started: () => resolve(undefined), release: release.promise.then(() => {}) };
    const asking = client(port);
    asking.socket.write(get("/wait"));
    await started;
    return { ...asking, release: () => release.resolve(undefined) };
  }

  it("is not handled by node:http, unless the requests of node:http are observed", async () => {
    let seen = 0;
    const count = () => seen++;
    diagnostics.subscribe("http.server.request.start", count);
    const steps = [post("/echo", "a"), 1, get("/special"), 2, post("/echo", "b"), 3, LAST];
    await exchange(plain, steps); // The last one closes the connection, so it is not a plain request.
    expect(seen).toBe(1);
    await exchange(byNode, steps);
    diagnostics.unsubscribe("http.server.request.start", count);
    expect(seen).toBe(5);
  });

  it("answers a request that came before the last response, after it", async () => {
    const { socket, closed, release } = await start(plain);
    socket.write(post("/echo", "early"));
    socket.write(post("/echo", "later"));
    socket.write(LAST);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    release();
    const bodies = [...(await closed).matchAll(/"waited"|"body":"\w*"/g)].map(([one]) => one);
    expect(bodies).toEqual(['"waited"', '"body":"early"', '"body":"later"', '"body":""']);
  });

  it("reads no more from a client that sends on and on before its response", async () => {
    const { socket, release } = await start(plain);
    socket.write(Buffer.alloc(2 ** 26));
    for (let i = 0; i < 500; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(socket.writableLength).toBeGreaterThan(0);
    socket.destroy();
    release();
  });

  it("reads no more from a client that does not read its responses", async () => {
    const { socket } = client(plain);
    socket.pause().setNoDelay();
    const asking = get(`/echo?${"a".repeat(7_000)}`);
    let sent = 0;
    for (let turns = 0; turns < 5_000; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (echoed < sent) continue;
      socket.write(asking);
      sent++;
      turns = 0;
    }
    socket.resume();
    socket.write(LAST);
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    await once(socket, "end");
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(sent + 1);
  });

  it("aborts the call when its client disconnects, as node:http does", async () => {
    for (const port of [plain, byNode]) {
      const { socket, release } = await start(port);
      const aborted = once(signal as AbortSignal, "abort");
      socket.destroy();
      await aborted;
      release();
    }
  });

  it("is closed by the server at its end, with the response", async () => {
    const { closed, release } = await start(plain);
    const ended = server.close();
    release();
    expect(await closed).toMatch(/Connection: close[\s\S]*"waited"$/);
    await ended;
  });

  it("is answered 408 if nothing comes, and closed if nothing more comes", async () => {
    const { port } = await server.listen({ port: 0, host: "127.0.0.1", headersTimeoutMs: 50 });
    expect(await client(port).closed).toMatch(/^HTTP\/1\.1 408 /);
    const body = client(port);
    body.socket.write("POST /echo HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
    body.socket.end();
    expect(await body.closed).toMatch(/^HTTP\/1\.1 400 /);
  });
});

import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import { PassThrough } from "node:stream";
import { createGunzip, gzipSync } from "node:zlib";
import fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { tensorflowServing } from "../../protocol-tensorflow-serving/src/index.js";
import { type Protocol, type ServerCore, serverSentEvents } from "../../server/src/index.js";
import { hanging } from "../../server/test/fixture-platform.js";
import { World } from "../../server/test/world.js";
import { type ServingKitOptions, servingKit } from "../src/index.js";

let world: World;
let app: FastifyInstance;
beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
  app = fastify();
});
afterEach(async () => {
  await app.close();
  await world[Symbol.asyncDispose]();
});

const PREDICT = "/v1/models/m:predict";
const body = '{"instances":[1.0]}';
const answer = [200, '{"predictions":[2.5]}'];
const post = async (url: string, payload: string | Buffer = body, headers = {}) => {
  const response = await app.inject({ method: "POST", url, payload, headers });
  return [response.statusCode, response.payload];
};
/** A protocol of routes without a model, one of them a stream without an end. */
const letters: Protocol = {
  name: "letters",
  apis: [],
  http: (core) => [
    {
      method: "GET",
      path: "/letters/:a",
      handle: ({ params }) => ({ status: 200, body: Buffer.from(JSON.stringify(params)) }),
    },
    {
      method: "REPORT",
      path: "/letters/*",
      handle: () => ({ status: 200, body: Buffer.from('"letters"') }),
    },
    {
      method: "GET",
      path: "/letters",
      handle: ({ signal }) => serverSentEvents(open(core, signal)),
    },
  ],
};
async function* open(core: ServerCore, signal: AbortSignal | undefined) {
  for await (const _ of core.stateChanges({ signal })) yield { data: "open" };
}
const listening = () => app.listen({ port: 0, host: "127.0.0.1" });
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe("servingKit", () => {
  it("answers REST at the root, over a socket and by inject", async () => {
    const server = await world.serve(["m"]);
    app.register(servingKit, { server });
    expect(await post(PREDICT)).toEqual(answer);
    const base = await listening();
    const response = await fetch(base + PREDICT, { method: "POST", body });
    expect([response.status, await response.text()]).toEqual(answer);
    expect(response.headers.get("content-type")).toBe("application/json");
    for (const path of ["/v1/models", "/v1/models/m", "/v1/models/m/metadata", "/v1/health/ready"])
      expect((await fetch(base + path)).status, path).toBe(200);
    expect((await fetch(`${base}/v1/models/m`, { method: "HEAD" })).status).toBe(200);
  });

  it.each([["/ml"], ["/ml/"], ["/a/b"]])("answers below the prefix %s alone", async (prefix) => {
    const server = await world.serve(["m"]);
    app.register(servingKit, { server, prefix });
    const base = prefix.replace(/\/$/, "");
    expect(await post(`${base}${PREDICT}`)).toEqual(answer);
    expect((await post(PREDICT))[0]).toBe(404);
    expect((await post(`${base}${base}${PREDICT}`))[0]).toBe(404);
  });

  it("answers below a prefix with a parameter, and leaves request.url to the app", async () => {
    const server = await world.serve(["m"]);
    const seen: unknown[] = [];
    app.addHook("onResponse", async ({ url, params, routeOptions }) => {
      seen.push(url, params, routeOptions.url);
    });
    app.register(servingKit, { server, prefix: "/:tenant/ml" });
    expect(await post(`/acme/ml${PREDICT}?x=/1`)).toEqual(answer);
    expect(seen).toEqual([
      `/acme/ml${PREDICT}?x=/1`,
      { tenant: "acme", "*": "m:predict" },
      "/:tenant/ml/v1/models/*",
    ]);
  });

  it("P1: leaves every other path, and preflights, to the app", async () => {
    const server = await world.serve(["m"]);
    app.setNotFoundHandler((_request, reply) => reply.code(404).send("the app's own"));
    app.get("/v1/users", () => "users");
    app.register(servingKit, { server });
    const get = async (url: string) => (await app.inject(url)).payload;
    expect(await get("/v1/users")).toBe("users");
    for (const path of [
      "/",
      "/v1",
      "/v1/modelsx",
      "/v1/health/other/",
      "/monitoring/prometheus/metrics",
    ]) {
      if (path.startsWith("/v1/health"))
        expect(await get(path), path).toContain("Malformed request");
      else expect(await get(path), path).toBe("the app's own");
    }
    const preflight = await app.inject({ method: "OPTIONS", url: PREDICT });
    expect([preflight.statusCode, preflight.payload]).toEqual([404, "the app's own"]);
  });

  it("P1: answers the metrics of a server that has them", async () => {
    const server = await world.serve(["m"], { metrics: { path: "/metrics" } });
    app.register(servingKit, { server, prefix: "/ml" });
    await post(`/ml${PREDICT}`);
    const { headers, payload } = await app.inject("/ml/metrics");
    expect(headers["content-type"]).toMatch(/^text\/plain/);
    expect(payload).toContain(":tensorflow:serving:request_count");
  });

  it("P1: answers the routes of every protocol by their methods", async () => {
    const server = await world.serve(["m"], { protocols: [tensorflowServing(), letters] });
    app.register(servingKit, { server, prefix: "/ml" });
    expect((await app.inject("/ml/letters/a%20b")).payload).toBe('{"a":"a b"}');
    expect((await app.inject({ method: "HEAD", url: "/ml/letters/a" })).statusCode).toBe(200);
    expect((await app.inject({ method: "POST", url: "/ml/letters/a" })).statusCode).toBe(404);
    expect((await app.inject({ method: "REPORT", url: "/ml/letters" })).payload).toBe('"letters"');
    expect(await post(`/ml${PREDICT}`)).toEqual(answer);
  });

  it("rejects registration if the app already has a route of the server", async () => {
    const server = await world.serve(["m"], { protocols: [letters] });
    app.get("/letters", () => "mine");
    app.register(servingKit, { server });
    await expect(app.ready()).rejects.toMatchObject({ code: "FST_ERR_DUPLICATED_ROUTE" });
  });

  it.each([
    ["nothing", undefined],
    ["the promise of one", Promise.resolve({ rest() {} })],
  ])("is not a plugin with %s for a server", async (_, server) => {
    app.register(servingKit, { server: server as never });
    await expect(app.ready()).rejects.toThrow(/^servingKit: expected `server` to be/);
  });

  it("P2: a hook that rejects keeps the request from the model", async () => {
    await world.publish("slow", 1, { hangs: true });
    const server = await world.serve(["m", "slow"]);
    app.addHook("onRequest", async (request, reply) => {
      if (request.headers.authorization !== "Bearer right")
        return reply.code(401).send({ error: "who?" });
    });
    app.register(servingKit, { server, prefix: "/ml" });
    const { begun } = hanging;
    expect(await post("/ml/v1/models/slow:predict")).toEqual([401, '{"error":"who?"}']);
    expect(hanging.begun).toBe(begun);
    expect(await post(`/ml${PREDICT}`, body, { authorization: "Bearer right" })).toEqual(answer);
  });

  it("P2: sends the headers that hooks set, and runs onResponse with the status", async () => {
    const server = await world.serve(["m"]);
    const statuses: number[] = [];
    app.addHook("onRequest", async (_request, reply) => {
      reply.headers({ "x-request-id": "7", "set-cookie": ["a=1", "b=2"] });
    });
    app.addHook("onResponse", async (_request, reply) => {
      statuses.push(reply.statusCode);
    });
    app.register(servingKit, { server });
    const { headers } = await app.inject("/v1/models/m");
    expect(headers).toMatchObject({ "x-request-id": "7", "set-cookie": ["a=1", "b=2"] });
    await app.inject("/v1/models/none");
    expect(statuses).toEqual([200, 404]);
  });

  it("P2: reads the payload of a preParsing hook instead of the body, within the app's bodyLimit", async () => {
    app = fastify({ bodyLimit: 1_000 });
    const server = await world.serve(["m"]);
    app.addHook("preParsing", (request, _reply, payload, done) => {
      const isPacked = request.headers["x-packed"] !== undefined;
      done(null, payload.pipe(isPacked ? createGunzip() : new PassThrough()));
    });
    app.register(servingKit, { server });
    expect(await post(PREDICT)).toEqual(answer);
    expect(await post(PREDICT, gzipSync(body), { "x-packed": "1" })).toEqual(answer);
    const [status, text] = await post(PREDICT, gzipSync(Buffer.alloc(9_999)), { "x-packed": "1" });
    expect([status, text]).toEqual([413, expect.stringContaining("bodyLimit of 1000 bytes")]);
  });

  it("P3: reads every content type itself, and leaves the parsers of other routes alone", async () => {
    const server = await world.serve(["m"]);
    app.register(servingKit, { server, prefix: "/ml" });
    app.post("/echo", ({ body }) => body as object);
    for (const type of [
      "application/json",
      "text/plain",
      "application/x-www-form-urlencoded",
      "a/b",
    ]) {
      expect(await post(`/ml${PREDICT}`, body, { "content-type": type }), type).toEqual(answer);
    }
    const int64 = '{"signature_name":"int64","instances":[9007199254740993]}';
    const headers = { "content-type": "application/json" };
    expect(await post(`/ml${PREDICT}`, int64, headers)).toEqual([
      200,
      '{"predictions":[9007199254740993]}',
    ]);
    expect(await post("/echo", '{"a":1}', headers)).toEqual([200, '{"a":1}']);
    expect((await post("/echo", "{", headers))[0]).toBe(400);
  });

  it("P3: bodies have the server's limit, not Fastify's", async () => {
    app = fastify({ bodyLimit: 10 });
    const server = await world.serve(["m"], { rest: { maxBodyBytes: 1_000 } });
    app.register(servingKit, { server });
    expect(await post(PREDICT)).toEqual(answer);
    const base = await listening();
    const large = await fetch(base + PREDICT, { method: "POST", body: " ".repeat(100_000) });
    expect([large.status, await large.json()]).toEqual([
      413,
      { error: expect.stringContaining("larger than the server's limit of 1000 bytes") },
    ]);
    const bomb = gzipSync(Buffer.alloc(100_000));
    expect((await post(PREDICT, bomb, { "content-encoding": "gzip" }))[0]).toBe(413);
    expect(await post(PREDICT)).toEqual(answer);
  });

  it("P5: answers errors in TF Serving's form, and those of hooks in the app's", async () => {
    const server = await world.serve(["m"]);
    app.setErrorHandler((error, _request, reply) =>
      reply.code(500).send({ app: (error as Error).message }),
    );
    app.addHook("preHandler", async ({ headers }) => {
      if (headers["x-fail"]) throw new Error("of the hook");
    });
    app.register(servingKit, { server });
    expect(await post(PREDICT, "{")).toEqual([
      400,
      expect.stringMatching(/^\{"error":"JSON Parse/),
    ]);
    expect(await post("/v1/models/none:predict")).toEqual([
      404,
      expect.stringMatching(/^\{"error":"Servable not found/),
    ]);
    expect((await app.inject({ method: "DELETE", url: "/v1/models/m" })).statusCode).toBe(400);
    expect(await post(PREDICT, body, { "x-fail": "1" })).toEqual([500, '{"app":"of the hook"}']);
  });

  it("frees the resources of a request whose client disconnects", async () => {
    await world.publish("slow", 1, { hangs: true });
    const server = await world.serve(["slow"]);
    app.register(servingKit, { server });
    const base = await listening();
    const { begun, aborted } = hanging;
    const request = httpRequest(`${base}/v1/models/slow:predict`, { method: "POST" });
    request.on("error", () => {});
    request.end(body);
    await until(() => hanging.begun > begun);
    request.destroy();
    await until(() => hanging.aborted === aborted + 1);
  });

  it("holds nothing for a client that goes while a hook is thinking", async () => {
    const server = await world.serve(["m"]);
    let think = () => {};
    const thinking = new Promise<void>((resolve) => {
      app.addHook("onRequest", async ({ raw }) => {
        resolve();
        await new Promise<void>((go) => {
          think = go;
        });
        if (!raw.closed) await once(raw, "close");
      });
    });
    app.register(servingKit, { server });
    const request = httpRequest((await listening()) + PREDICT, { method: "POST" });
    request.on("error", () => {});
    request.write('{"inst');
    await thinking;
    request.destroy();
    think();
    await server.close(); // waits for what is in flight
  });
});

describe("app.close", () => {
  it("P4: with closeWithApp answers the requests in flight, then closes the server", async () => {
    await world.publish("m", 2);
    let release = () => {};
    const server = await world.serve(["m"]);
    const answering = new Promise<void>((resolve) => {
      app.addHook("preHandler", async () => {
        resolve();
        await new Promise<void>((go) => {
          release = go;
        });
      });
    });
    app.register(servingKit, { server, closeWithApp: true });
    const asked = fetch((await listening()) + PREDICT, { method: "POST", body });
    await answering;
    const closed = app.close();
    release();
    const response = await asked;
    expect([response.status, await response.text()]).toEqual(answer);
    await closed;
    expect(server.manager.listAvailable()).toEqual([]);
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ reason: "SERVER_CLOSING" });
  });

  it.each([true, false])("P4: ends server-sent events (closeWithApp: %s)", async (closeWithApp) => {
    const server = await world.serve(["m"], { protocols: [letters] });
    app.register(servingKit, { server, closeWithApp });
    const response = await fetch(`${await listening()}/letters`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const parts = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    expect(String(Buffer.from((await parts.read()).value as Uint8Array))).toBe("data: open\n\n");
    await app.close();
    expect((await parts.read()).done).toBe(true);
  });

  it("P4: does not close the server by default", async () => {
    const server = await world.serve(["m"]);
    app.register(servingKit, { server });
    await app.ready();
    await app.close();
    expect(server.manager.listAvailable()).toHaveLength(1);
  });
});

it("answers HTTP/2, and has its connections closed with the app", async () => {
  const server = await world.serve(["m"]);
  const h2 = fastify({ http2: true });
  let answerIt = () => {};
  const asked = new Promise<void>((resolve) => {
    h2.addHook("preHandler", async () => {
      resolve();
      await new Promise<void>((go) => {
        answerIt = go;
      });
    });
  });
  h2.register(servingKit, { server });
  const client = connect(await h2.listen({ port: 0, host: "127.0.0.1" }));
  const stream = client.request({ ":method": "POST", ":path": PREDICT });
  stream.end(body);
  await asked;
  const isHungUp = once(client, "close");
  const closed = h2.close();
  answerIt();
  expect((await stream.toArray()).join("")).toBe(answer[1]);
  await Promise.all([closed, isHungUp]);
});

it("is a plugin of http, https and HTTP/2 apps", async () => {
  const server = await world.serve(["m"]);
  const options: ServingKitOptions = { server };
  const h2 = fastify({ http2: true });
  h2.register(servingKit, options);
  expectTypeOf(() => fastify({ https: {} }).register(servingKit, options)).toBeFunction();
  // @ts-expect-error a server is needed
  expectTypeOf(() => app.register(servingKit, { prefix: "/ml" })).toBeFunction();
  await h2.ready();
  await h2.close();
});

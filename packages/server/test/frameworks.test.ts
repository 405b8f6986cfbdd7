import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type Server } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import express, { type Express, type RequestHandler } from "express";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelServer } from "../src/index.js";
import { gate, hanging } from "./fixture-platform.js";
import { World } from "./world.js";

let world: World;
let server: ModelServer;
const listening: Server[] = [];
beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
  await world.publish("slow", 1, { hangs: true });
  server = await world.serve(["m", "slow"]);
});
afterEach(async () => {
  for (const app of listening.splice(0)) app.closeAllConnections();
  await world[Symbol.asyncDispose]();
});

/** Listens with an app, and gives its server and its address. */
async function listen(app: Parameters<typeof createServer>[1]) {
  const http = createServer(app).listen(0, "127.0.0.1");
  listening.push(http);
  await once(http, "listening");
  return { http, base: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}
const withExpress = (build: (app: Express) => void) => {
  const app = express();
  build(app);
  app.use((_request, response) => {
    response.status(418).send("the app's own");
  });
  return listen(app);
};

const json = { "content-type": "application/json" };
const post = async (
  url: string,
  body = '{"instances":[1.0]}',
  headers: Record<string, string> = json,
) => {
  const response = await fetch(url, { method: "POST", body, headers });
  return [response.status, await response.text()];
};
const PREDICT = "/v1/models/m:predict";
const answer = [200, '{"predictions":[2.5]}'];
const int64 = '{"signature_name":"int64","instances":[9007199254740993]}';
const isAuthorized: RequestHandler = (request, response, next) => {
  // As a lookup of a session would: the body waits meanwhile.
  setImmediate(() => {
    if (request.headers.authorization === "Bearer right") next();
    else response.status(401).json({ error: "who?" });
  });
};

describe("server.rest in Express 5", () => {
  it("serves under a prefix, and leaves all else to the app", async () => {
    const { base } = await withExpress((app) => app.use("/ml", server.rest));
    expect(await post(`${base}/ml${PREDICT}`)).toEqual(answer);
    expect((await fetch(`${base}/ml/v1/models/none`)).status).toBe(404);
    for (const path of ["/", "/ml", "/ml/v1/users", "/v1/models/m"]) {
      expect((await fetch(base + path)).status, path).toBe(418);
    }
  });

  it("before express.json() loses nothing, and the app's routes have their bodies", async () => {
    const { base } = await withExpress((app) => {
      app.use(server.rest, express.json());
      app.post("/echo", ({ body }, response) => {
        response.json(body);
      });
    });
    expect(await post(base + PREDICT, int64)).toEqual([200, '{"predictions":[9007199254740993]}']);
    expect(await post(`${base}/echo`, '{"a":1}')).toEqual([200, '{"a":1}']);
    expect((await post(base + PREDICT, "{"))[0]).toBe(400);
    expect(await post(base + PREDICT)).toEqual(answer);
  });

  it("behind express.json() uses the parsed body, and leaves rejected bodies to the app", async () => {
    const { base } = await withExpress((app) =>
      app.use(express.json({ limit: 1_000 }), server.rest),
    );
    expect(await post(base + PREDICT)).toEqual(answer);
    expect(await post(base + PREDICT, int64)).toEqual([200, '{"predictions":[9007199254740992]}']);
    expect((await post(base + PREDICT, "{"))[0]).toBe(400);
    expect((await post(base + PREDICT, ""))[0]).toBe(400);
    expect(
      (await post(base + PREDICT, JSON.stringify({ instances: Array(1_000).fill(1) })))[0],
    ).toBe(413);
    // Not JSON by its type: the parser lets it be, and the stream is read here.
    expect(await post(base + PREDICT, int64, { "content-type": "text/plain" })).toEqual([
      200,
      '{"predictions":[9007199254740993]}',
    ]);
    expect((await fetch(`${base}/v1/models/m`)).status).toBe(200);
  });

  it("behind the app's own check sees no rejected request", async () => {
    const { base } = await withExpress((app) => app.use("/ml", isAuthorized, server.rest));
    const { begun } = hanging;
    expect(await post(`${base}/ml/v1/models/slow:predict`)).toEqual([401, '{"error":"who?"}']);
    expect(hanging.begun).toBe(begun);
    const headers = { ...json, authorization: "Bearer right" };
    expect(await post(`${base}/ml${PREDICT}`, undefined, headers)).toEqual(answer);
  });

  it.each([
    ["with its body sent", '{"instances":[1]}'],
    ["in the middle of its body", '{"inst'],
  ])("holds nothing for a client that went during that check, %s", async (_, body) => {
    let isChecked = (): void => {};
    const checked = new Promise<void>((resolve) => {
      isChecked = resolve;
    });
    let check = (): void => {};
    const checking = new Promise<void>((resolve) => {
      check = resolve;
    });
    const { base } = await withExpress((app) => {
      app.use(async (request, _response, next) => {
        check();
        await new Promise((resolve) => request.socket.once("close", resolve));
        await new Promise((resolve) => setImmediate(resolve));
        isChecked();
        next();
      }, server.rest);
    });
    const { begun, aborted } = hanging;
    const asked = request(`${base}/v1/models/slow:predict`, {
      method: "POST",
      headers: { "content-length": 17 },
    });
    asked.on("error", () => {});
    asked.write(body);
    await checking;
    asked.destroy();
    await checked;
    await server.close(); // would wait for what is in flight
    expect(hanging.begun - begun).toBe(hanging.aborted - aborted);
  });

  it("leaves a request alone that the app has begun to answer meanwhile", async () => {
    await world.publish("gated", 1, { waits: true });
    await server.reload([{ name: "gated", basePath: `${world.path}/gated` }]);
    let end = (): void => {};
    const { base } = await withExpress((app) => {
      app.use((_request, response, next) => {
        next();
        response.writeHead(503).write("too ");
        end = () => response.end("late");
      }, server.rest);
    });
    const asked = post(`${base}/v1/models/gated:predict`);
    while (gate.waiting.size < 1) await new Promise((resolve) => setImmediate(resolve));
    gate.open();
    await server.close(); // waits for the prediction; an exception after it would end the process
    end();
    expect(await asked).toEqual([503, "too late"]);
  });

  it("on the app's server closes with it: answers requests in flight, and closes its connections", async () => {
    await world.publish("gated", 1, { waits: true });
    await server.reload(
      ["m", "gated"].map((name) => ({ name, basePath: `${world.path}/${name}` })),
    );
    const { http, base } = await withExpress((app) => app.use("/ml", server.rest));
    const agent = new Agent({ keepAlive: true });
    const ask = async (name: string) => {
      const asked = request(`${base}/ml/v1/models/${name}:predict`, { method: "POST", agent });
      asked.end('{"instances":[1]}');
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      const text = (await response.toArray()).join("");
      return [response.statusCode, response.headers.connection, text];
    };
    expect(await ask("m")).toEqual([200, "keep-alive", '{"predictions":[2.5]}']);
    const inFlight = [ask("gated"), ask("gated")];
    while (gate.waiting.size < 2) await new Promise((resolve) => setImmediate(resolve));
    const isClosed = once(http, "close");
    http.close();
    const closed = server.close();
    gate.open();
    for (const asked of inFlight) {
      expect(await asked).toEqual([200, "close", '{"predictions":[2.5]}']);
    }
    await closed;
    await isClosed; // without Connection: close it would take the 5 s of Node's keep-alive
    expect(server.manager.listAvailable()).toEqual([]);
    agent.destroy();
  });
});

describe("server.rest in node:http", () => {
  it("is a request listener as it is", async () => {
    const { base } = await listen(server.rest);
    expect(await post(base + PREDICT)).toEqual(answer);
    expect((await fetch(`${base}/elsewhere`)).status).toBe(404);
  });

  it("serves HTTP/2, and has its connections closed when it closes", async () => {
    await world.publish("gated", 1, { waits: true });
    await server.reload([{ name: "gated", basePath: `${world.path}/gated` }]);
    const warned = vi.spyOn(process, "emitWarning");
    const http2 = createHttp2Server(server.rest).listen(0, "127.0.0.1");
    await once(http2, "listening");
    const client = connect(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
    const ask = async (path: string, body: string) => {
      const stream = client.request({ ":method": "POST", ":path": path });
      stream.end(body);
      const [headers] = await once(stream, "response");
      return [headers[":status"], (await stream.toArray()).join("")];
    };
    expect(await ask("/v1/models/gated:predict", "{")).toEqual([400, expect.any(String)]);
    const asked = ask("/v1/models/gated:predict", '{"instances":[1]}');
    while (gate.waiting.size < 1) await new Promise((resolve) => setImmediate(resolve));
    const isHungUp = once(client, "close");
    const closed = server.close();
    gate.open();
    expect(await asked).toEqual(answer);
    await Promise.all([closed, isHungUp]);
    http2.close();
    expect(warned).not.toHaveBeenCalled(); // there is no header Connection
  });
});

describe("server.fetch in Hono", () => {
  const ask = async (app: Hono, path: string, headers = {}, body = '{"instances":[1.0]}') => {
    const response = await app.request(path, { method: "POST", body, headers });
    return [response.status, await response.text()];
  };

  it("serves under a prefix, behind the app's own check", async () => {
    const app = new Hono();
    app.use("/ml/*", bearerAuth({ token: "right" }));
    app.mount("/ml", server.fetch);
    expect((await ask(app, `/ml${PREDICT}`))[0]).toBe(401);
    const headers = { authorization: "Bearer right" };
    expect(await ask(app, `/ml${PREDICT}`, headers)).toEqual(answer);
    expect(await ask(app, `/ml${PREDICT}`, headers, int64)).toEqual([
      200,
      '{"predictions":[9007199254740993]}',
    ]);
    expect((await ask(app, PREDICT, headers))[0]).toBe(404);
  });

  it("serves as a route, and reports it when a middleware has read the body", async () => {
    const app = new Hono();
    app.use(async ({ req }, next) => {
      if (req.header("x-read")) await req.raw.text();
      await next();
    });
    app.all("/v1/*", ({ req }) => server.fetch(req.raw));
    expect(await ask(app, PREDICT)).toEqual(answer);
    expect(await ask(app, PREDICT, { "x-read": "1" })).toEqual([
      500,
      expect.stringContaining("an earlier middleware read"),
    ]);
  });
});

describe("server.fetch in a route handler", () => {
  it("serves under a prefix that the handler cuts off", async () => {
    const handler = (request: Request) =>
      server.fetch(new Request(request.url.replace("/ml/", "/"), request));
    const response = await handler(
      new Request(`https://localhost/ml${PREDICT}`, {
        method: "POST",
        body: '{"instances":[1.0]}',
      }),
    );
    expect([response.status, await response.text()]).toEqual(answer);
    expect((await handler(new Request("https://localhost/ml/v1/models/m"))).status).toBe(200);
  });
});

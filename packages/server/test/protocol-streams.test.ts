import { once } from "node:events";
import { Agent, get, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLogger } from "@serving-kit/core";
import express from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ModelServer, type Protocol, serverSentEvents } from "../src/index.js";
import { World } from "./world.js";

let world: World;
let server: ModelServer;
let ended: number;
let onEnd: () => void;
beforeEach(async () => {
  world = await World.create();
  ended = 0;
  onEnd = () => {};
  server = await world.serve([], { startUpPolicy: "none", protocols: [live] });
});
afterEach(() => world[Symbol.asyncDispose]());

/** A protocol with a stream that has no end of its own. */
const live: Protocol = {
  name: "live",
  apis: [],
  http: (core) => [
    {
      method: "GET",
      path: "/live",
      async handle({ signal }) {
        async function* events() {
          try {
            for await (const _ of core.stateChanges({ signal })) yield { data: 1, id: "a\nb" };
          } finally {
            ended++;
            onEnd();
          }
        }
        return serverSentEvents(events());
      },
    },
  ],
};

const streamEnded = () =>
  new Promise<void>((resolve) => {
    onEnd = resolve;
    if (ended > 0) resolve();
  });

async function open(port: number | undefined, agent = new Agent()) {
  const sent = get({ port, host: "127.0.0.1", path: "/live", agent });
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const [part] = await once(response.setEncoding("utf8"), "data");
  return { response, part, sent };
}

/** A protocol whose response node:http refuses. */
const unwritable: Protocol = {
  name: "unwritable",
  apis: [],
  http: () => [
    {
      method: "GET",
      path: "/unwritable",
      handle: () => ({ status: 200, headers: { "X-Broken": "a\nb" }, body: Buffer.from("{}") }),
    },
  ],
};

describe("a response that cannot be written", () => {
  it("closes its connection, is logged, and affects no other", async () => {
    const logged: string[] = [];
    const error = (_: object, message: string) => void logged.push(message);
    const other = await world.serve([], {
      startUpPolicy: "none",
      protocols: [unwritable],
      logger: { ...silentLogger, error },
    });
    const { port } = await other.listen({ port: 0 });
    const [broken, good] = await Promise.allSettled([
      fetch(`http://127.0.0.1:${port}/unwritable`),
      fetch(`http://127.0.0.1:${port}/v1/health/live`),
    ]);
    expect(broken.status).toBe("rejected");
    expect(good.status).toBe("fulfilled");
    expect(logged).toEqual([expect.stringMatching(/^a response cannot be written: .*X-Broken/)]);
    await other.close(); // nothing is in flight
  });
});

describe("an answer without an end of its own", () => {
  it("is flushed part by part, and ends when the server closes", async () => {
    const { port } = await server.listen({ port: 0 });
    const { response, part } = await open(port, new Agent({ keepAlive: true }));
    expect(response.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    });
    expect(part).toBe("id: a b\ndata: 1\n\n");
    const end = once(response, "end");
    await server.close();
    await end;
    expect(ended).toBe(1);
  });

  it("ends when its client goes", async () => {
    const { port } = await server.listen({ port: 0 });
    const { sent, response } = await open(port);
    response.on("error", () => {});
    sent.destroy();
    await streamEnded();
  });

  it("has no body for HEAD, and leaves the connection to the next request", async () => {
    const { port } = await server.listen({ port: 0 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 2; i++) {
      const sent = request({ port, host: "127.0.0.1", method: "HEAD", path: "/live", agent }).end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      await once(response.resume(), "end");
    }
    agent.destroy();
    const head = await server.fetch(new Request("http://a/live", { method: "HEAD" }));
    expect([head.status, head.body]).toEqual([200, null]);
    await server.close(); // nothing is in flight
  });

  it("of fetch ends when its reader cancels, and with endStreams", async () => {
    const reader = (await server.fetch(new Request("http://a/live"))).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const other = (await server.fetch(new Request("http://a/live"))).body?.getReader();
    await other?.read();
    server.endStreams();
    expect((await other?.read())?.done).toBe(true);
    await server.close();
    expect(ended).toBe(2);
  });

  it("lets the server of an app close that waits for its requests", async () => {
    const app = express();
    app.use(server.rest);
    const http = app.listen(0, "127.0.0.1");
    http.keepAliveTimeout = 60_000;
    await once(http, "listening");
    const { response } = await open(
      (http.address() as AddressInfo).port,
      new Agent({ keepAlive: true }),
    );
    const closed = new Promise((resolve) => http.close(resolve));
    await Promise.all([server.close(), once(response, "end")]);
    await closed; // the connection is not kept for another request
  });
});

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Logger, ModelServer } from "../src/index.js";
import { hanging } from "./fixture-platform.js";
import { World } from "./world.js";

type Middleware = (
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

let world: World;
let server: ModelServer;
const warnings: string[] = [];
const logger: Logger = {
  info: () => {},
  warn: (_, message) => warnings.push(message),
  error: () => {},
};

beforeAll(async () => {
  world = await World.create();
  await world.publish("m", 1);
  server = await world.serve(["m"], { logger });
});
afterAll(() => world[Symbol.asyncDispose]());

/** A small Connect: middlewares one after the other, a mount prefix cut off as Express does it. */
async function withApp<T>(
  middlewares: [prefix: string, middleware: Middleware][],
  run: (base: string) => Promise<T>,
): Promise<T> {
  const app = createServer((request, response) => {
    const { url = "/" } = request;
    const step = (i: number): void => {
      const [prefix, middleware] = middlewares[i] ?? [];
      if (prefix === undefined || middleware === undefined) {
        response.statusCode = 418;
        response.end("the app's own");
        return;
      }
      if (!url.startsWith(prefix)) {
        step(i + 1);
        return;
      }
      request.url = url.slice(prefix.length) || "/";
      middleware(request, response, () => {
        request.url = url;
        step(i + 1);
      });
    };
    step(0);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => app.once("listening", resolve));
  try {
    return await run(`http://127.0.0.1:${(app.address() as AddressInfo).port}`);
  } finally {
    app.close();
    app.closeAllConnections();
  }
}

/** Does what body parsers do: reads the stream to its end and sets `body`. */
const parser =
  (parse: (text: string) => unknown): Middleware =>
  (request, _response, next) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      request.body = parse(Buffer.concat(chunks).toString());
      next();
    });
  };

const predict = async (base: string, headers = {}) => {
  const body = '{"instances":[1.0]}';
  const response = await fetch(`${base}/v1/models/m:predict`, { method: "POST", body, headers });
  return [response.status, await response.text()];
};
const answer = [200, '{"predictions":[2.5]}'];

describe("server.rest in an app", () => {
  it("serves under a prefix and leaves all other paths to the app", async () => {
    await withApp([["/tf", server.rest]], async (base) => {
      expect(await predict(`${base}/tf`)).toEqual(answer);
      for (const path of ["/", "/tf/", "/tf/v1/users", "/v1/models/m"]) {
        expect((await fetch(base + path)).status).toBe(418);
      }
      expect((await fetch(`${base}/tf/v1/models/none`)).status).toBe(404);
    });
  });

  it("serves behind a JSON parser, and warns once of what was lost", async () => {
    await withApp(
      [
        ["", parser((text) => (text ? JSON.parse(text) : {}))],
        ["", server.rest],
      ],
      async (base) => {
        expect(await predict(base)).toEqual(answer);
        expect(await predict(base)).toEqual(answer);
        expect((await fetch(`${base}/v1/models/m`)).status).toBe(200);
      },
    );
    expect(warnings).toEqual([expect.stringContaining("it loses int64 above 2^53, NaN")]);
  });

  it("serves behind parsers of bytes and text without loss or warning", async () => {
    const before = warnings.length;
    for (const parse of [(text: string) => Buffer.from(text), (text: string) => text]) {
      await withApp(
        [
          ["", parser(parse)],
          ["", server.rest],
        ],
        async (base) => {
          expect(await predict(base)).toEqual(answer);
        },
      );
    }
    expect(warnings).toHaveLength(before);
  });

  it("reports it when the body is gone", async () => {
    await withApp(
      [
        ["", parser(() => undefined)],
        ["", server.rest],
      ],
      async (base) => {
        const [status, text] = await predict(base);
        expect([status, text]).toEqual([
          500,
          expect.stringContaining("mount server.rest before it"),
        ]);
      },
    );
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    await withApp(
      [
        ["", parser((text) => ({ [text]: "" }))],
        ["", server.rest],
      ],
      async (base) => {
        expect((await predict(base, form))[0]).toBe(500);
      },
    );
  });

  it("leaves preflights to the app unless CORS is on", async () => {
    const preflight = (base: string) =>
      fetch(`${base}/v1/models/m:predict`, { method: "OPTIONS", headers: { Origin: "http://x" } });
    await withApp([["", server.rest]], async (base) =>
      expect((await preflight(base)).status).toBe(418),
    );
    const open = await world.serve(["m"], { rest: { cors: true } });
    await withApp([["", open.rest]], async (base) => {
      const response = await preflight(base);
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      const { headers } = await fetch(`${base}/v1/models/m`);
      expect(headers.get("access-control-allow-methods")).toBe("POST, GET");
    });
  });
});

describe("server.fetch", () => {
  const ask = (path: string, init?: RequestInit) =>
    server.fetch(new Request(`http://host${path}`, init));

  it("answers what server.rest answers", async () => {
    const response = await ask("/v1/models/m:predict", {
      method: "POST",
      body: '{"instances":[1.0]}',
    });
    expect([response.status, await response.text()]).toEqual(answer);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect((await ask("/v1/models/m")).status).toBe(200);
    expect((await ask("/v1/models/none")).status).toBe(404);
    expect((await ask("/elsewhere")).status).toBe(404);
    expect((await ask("/v1/models/m:predict", { method: "POST" })).status).toBe(400);
  });

  it("accepts a body of any number of chunks, and reports when it was read before", async () => {
    const chunks = ['{"instances"', ":[1.0", "]}"].map((text) => new TextEncoder().encode(text));
    const body = new ReadableStream({
      pull: (controller) => {
        const chunk = chunks.shift();
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    expect(await (await ask("/v1/models/m:predict", init)).text()).toBe(answer[1]);
    const read = new Request("http://host/v1/models/m:predict", { method: "POST", body: "{}" });
    await read.text();
    expect((await server.fetch(read)).status).toBe(500);
  });

  it("rejects a body that is too large or truncated, as server.rest does", async () => {
    const small = await world.serve(["m"], { rest: { maxBodyBytes: 1_000 } });
    let pulled = 0;
    const of = (pull: (controller: ReadableStreamDefaultController) => void) => {
      const init = { method: "POST", body: new ReadableStream({ pull }), duplex: "half" };
      return small.fetch(new Request("http://host/v1/models/m:predict", init as RequestInit));
    };
    const endless = await of((controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(300));
    });
    expect([endless.status, pulled]).toEqual([413, expect.closeTo(4, -1)]);
    const broken = await of((controller) => controller.error(new Error("ECONNRESET")));
    expect([broken.status, await broken.json()]).toEqual([
      499,
      { error: "the connection closed before the body ended" },
    ]);
  });

  it("cancels a prediction whose client has disconnected", async () => {
    await world.publish("slow", 1, { hangs: true });
    const slow = await world.serve(["slow"]);
    const gone = new AbortController();
    const { begun, aborted } = hanging;
    const asked = slow.fetch(
      new Request("http://host/v1/models/slow:predict", {
        method: "POST",
        body: '{"instances":[1]}',
        signal: gone.signal,
      }),
    );
    while (hanging.begun === begun) await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    expect((await asked).status).toBe(499);
    expect(hanging.aborted).toBe(aborted + 1);
  });
});

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { servingKit } from "@serving-kit/fastify";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { createModelServer, type ModelServer } from "serving-kit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { endCommands, startSource } from "../../packages/serving-kit/test/run-command.js";
import { echo } from "./echo.js";
import { reflectedClient } from "./reflected-client.js";

const digits = `${import.meta.dirname}/../models/digits`;
const [{ image, label }] = JSON.parse(readFileSync(`${digits}/samples.json`, "utf8"));
const EVENTS = "data: say\n\ndata: it\n\ndata: again\n\n";

/** Calls both methods of the service, known by reflection alone. */
async function callGrpc(port: number | undefined) {
  const { services, client } = await reflectedClient(`localhost:${port}`, "echo.Echo");
  try {
    expect(services).toContain("echo.Echo");
    expect(services).toContain("tensorflow.serving.PredictionService");
    const repeated = await client.Repeat?.({ text: "say it again" }).toArray();
    expect(repeated).toEqual([{ text: "say" }, { text: "it" }, { text: "again" }]);
    const ask = (message: object) =>
      new Promise<{ model: string; values: number[] }>((resolve, reject) => {
        client.Ask?.(message, (error: unknown, answer: never) =>
          error ? reject(error) : resolve(answer),
        );
      });
    const { model, values } = await ask({ model: "digits", values: image });
    expect([model, values.indexOf(Math.max(...values))]).toEqual(["digits", label]);
    await expect(ask({ model: "letters", values: image })).rejects.toMatchObject({ code: 5 });
  } finally {
    client.close();
  }
}

/** Reads a route of server-sent events, and predicts as without the protocol. */
async function callHttp(url: string) {
  const response = await fetch(`${url}/echo/say%20it%20again`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(await response.text()).toBe(EVENTS);
  expect((await fetch(`${url}/echo/a`, { method: "POST" })).ok).toBe(false);
  expect((await fetch(`${url}/v1/models/digits`)).status).toBe(200);
}

describe("the echo protocol in a program", () => {
  let server: ModelServer;
  const closing: (() => void)[] = [];
  beforeAll(async () => {
    // #region program
    server = await createModelServer({
      models: [{ name: "digits", basePath: digits }],
      protocols: [echo], // in addition to TF Serving's
    });
    // #endregion
  });
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  afterAll(() => server.close());

  /** The address of an app's server when it listens. */
  async function urlOf(http: Server) {
    if (!http.listening) await once(http, "listening");
    closing.push(() => http.close().closeAllConnections());
    return `http://localhost:${(http.address() as AddressInfo).port}`;
  }

  it("is served at a port of its own", async () => {
    const { port } = await server.listen({ port: 0 });
    await callHttp(`http://localhost:${port}`);
  });

  it("is served by node:http", async () => {
    await callHttp(await urlOf(createServer(server.rest).listen(0)));
  });

  it("is served by Express", async () => {
    const app = express().use("/ml", server.rest);
    await callHttp(`${await urlOf(app.listen(0))}/ml`);
  });

  it("is served by Fastify", async () => {
    const app = fastify();
    app.register(servingKit, { server, prefix: "/ml" });
    closing.push(() => void app.close());
    await callHttp(`${await app.listen({ port: 0 })}/ml`);
  });

  it("is served by Hono", async () => {
    const app = new Hono().mount("/ml", server.fetch);
    await callHttp(`${await urlOf(serve({ fetch: app.fetch, port: 0 }) as Server)}/ml`);
  });

  it("is served over gRPC", async () => {
    const { port } = await server.listenGrpc({ port: 0 });
    await callGrpc(port);
  });
});

describe("the echo protocol of --plugins", () => {
  afterEach(endCommands);

  it.each([1, 2])("is served by the command with --http_threads=%i", async (threads) => {
    const { said, child, ended, output } = startSource(
      ...["--rest_api_port=any", "--port=any", `--http_threads=${threads}`],
      ...["--model_name=digits", `--model_base_path=${digits}`],
      `--plugins=${import.meta.dirname}/echo.ts`,
    );
    await said(/serving digits at/);
    const [, rest] = /serving REST at \S+:(\d+)/.exec(output.stdout) ?? [];
    const [, grpc] = /serving gRPC at \S+:(\d+)/.exec(output.stdout) ?? [];
    for (let i = 0; i < 4; i++) {
      await callHttp(`http://localhost:${rest}`);
      await callGrpc(Number(grpc));
    }
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });
});

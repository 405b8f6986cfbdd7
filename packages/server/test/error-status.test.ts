import "reflect-metadata";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Controller, Get, Module, Query } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { tensor } from "@serving-kit/inference";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { World } from "./world.js";

let world: World;
let server: ModelServer;
const cleanUps: (() => unknown)[] = [];

beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
  server = await world.serve(["m"]);
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  await world[Symbol.asyncDispose]();
});

/** A route of an app: what it does with the manager fails as the query asks. */
async function route(query: string): Promise<string> {
  const name = query === "unknown model" ? "nosuch" : "m";
  using handle = server.manager.acquire({ name });
  const x = tensor("float32", [1], [1]);
  const inputs = query === "missing input" ? {} : { x };
  const signature = query === "unknown signature" ? "nosuch" : "serving_default";
  await handle.servable.predict(inputs, { signature });
  if (query === "bug") throw new Error("a mistake of the app");
  return "answered";
}

async function listen(http: Server): Promise<string> {
  http.listen(0, "127.0.0.1");
  cleanUps.push(() => http.close());
  await once(http, "listening");
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** Each framework with an app that has the route, and no error handler of its own. */
const apps: Record<string, () => Promise<string>> = {
  async Express() {
    const app = express().set("env", "test");
    app.get("/", async ({ query }, response) => {
      response.send(await route(String(query.q)));
    });
    return listen(createServer(app));
  },
  async Koa() {
    const app = new Koa();
    app.silent = true;
    app.use(async (context) => {
      context.body = await route(String(context.query.q));
    });
    return listen(createServer(app.callback()));
  },
  async Fastify() {
    const app = fastify();
    app.get<{ Querystring: { q: string } }>("/", ({ query }) => route(query.q));
    cleanUps.push(() => app.close());
    return app.listen({ host: "127.0.0.1", port: 0 });
  },
  async Nest() {
    class Predictions {
      answer(query: string): Promise<string> {
        return route(query);
      }
    }
    // The decorators by hand, which the tests are not compiled with.
    const { prototype } = Predictions;
    Get()(prototype, "answer", Object.getOwnPropertyDescriptor(prototype, "answer") as never);
    Query("q")(prototype, "answer", 0);
    Controller()(Predictions);
    class App {}
    Module({ controllers: [Predictions] })(App);
    const app = await NestFactory.create(App, { logger: false });
    cleanUps.push(() => app.close());
    await app.listen(0, "127.0.0.1");
    return app.getUrl();
  },
};

describe.each(Object.keys(apps))("a ServingError that a route in %s throws", (name) => {
  it("is answered with the status of its code, and its message if it is the caller's", async () => {
    const base = await apps[name]?.();
    let body = "";
    const ask = async (query: string) => {
      const response = await fetch(`${base}/?q=${encodeURIComponent(query)}`);
      body = await response.text();
      return response.status;
    };
    expect(await ask("nothing wrong")).toBe(200);
    expect(await ask("missing input")).toBe(400);
    // Escaped in HTML by Express, in JSON by Fastify and Nest.
    expect(body).toMatch(/input .{1,6}x.{1,6} is missing/);
    expect(await ask("unknown signature")).toBe(400);
    expect(await ask("unknown model")).toBe(404);
    expect(await ask("bug")).toBe(500);
    await server.close();
    expect(await ask("nothing wrong")).toBe(503);
  });
});

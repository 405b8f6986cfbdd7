import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { NestFactory } from "@nestjs/core";
import { afterAll, describe, expect, it } from "vitest";
import { app as expressApp } from "./express.js";
import { app as fastifyApp } from "./fastify.js";
import { app as koaApp } from "./koa.js";
import { models } from "./models.js";

// By a path that the compiler does not follow: its decorators need a setting of their own.
const { AppModule } = await import(`${import.meta.dirname}/nest/app-module.ts`);
const samples = readFileSync(`${import.meta.dirname}/../models/digits/samples.json`, "utf8");
const [{ image, label }] = JSON.parse(samples);
const cleanUps: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
  await models.close();
});

async function listen(app: RequestListener): Promise<string> {
  const http = createServer(app).listen(0, "127.0.0.1");
  cleanUps.push(() => http.close());
  await once(http, "listening");
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** Starts each framework's app. */
const apps: Readonly<Record<string, () => Promise<string>>> = {
  Express: () => listen(expressApp.set("env", "test")),
  async Fastify() {
    cleanUps.push(() => fastifyApp.close());
    return fastifyApp.listen({ host: "127.0.0.1", port: 0 });
  },
  async Koa() {
    koaApp.silent = true;
    return listen(koaApp.callback());
  },
  async Nest() {
    const app = await NestFactory.create(AppModule, { logger: false });
    cleanUps.push(() => app.close());
    await app.listen(0, "127.0.0.1");
    return app.getUrl();
  },
};

/** Returns the number of calls that ended with a status, by the metrics. */
async function counted(status: string): Promise<number> {
  const url = "http://localhost/monitoring/prometheus/metrics";
  const text = await (await models.fetch(new Request(url))).text();
  const line = `:tensorflow:serving:request_count{model_name="digits",status="${status}"}`;
  const found = text.split("\n").find((one) => one.startsWith(line));
  return Number(found?.slice(line.length) ?? 0);
}

describe.each(Object.keys(apps))("a route with models.predict in %s", (name) => {
  it("answers, reports invalid requests to callers, and is counted", async () => {
    const base = await apps[name]?.();
    const classify = (pixels: unknown) =>
      fetch(`${base}/classify`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ pixels }),
      });
    const [ok, mistakes] = [await counted("OK"), await counted("INVALID_ARGUMENT")];
    const answered = await classify(image);
    expect([answered.status, await answered.json()]).toEqual([200, { digit: label }]);
    const short = await classify([1, 2, 3]);
    expect([short.status, await short.text()]).toEqual([
      400,
      expect.stringContaining("got 3 elements"),
    ]);
    expect((await classify(undefined)).status).toBe(400);
    expect([await counted("OK"), await counted("INVALID_ARGUMENT")]).toEqual([
      ok + 1,
      mistakes + 2,
    ]);
  });
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { defineModel, spec } from "@serving-kit/inference";
import { createModelServer, type ModelServer, type ModelServerOptions } from "@serving-kit/server";
import { protocolConformance } from "@serving-kit/testing/plugins";
import { afterEach, describe, expect, it } from "vitest";
import { modelsPage, tensorflowServing } from "../src/index.js";

protocolConformance(
  { describe, it },
  { name: "models page", create: () => modelsPage(), http: {} },
);

const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  batchable: true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});

describe("GET /", () => {
  let server: ModelServer | undefined;
  afterEach(() => server?.close());

  async function serve(options: Partial<ModelServerOptions> = {}): Promise<ModelServer> {
    const protocols = [tensorflowServing(), modelsPage()];
    server = await createModelServer({ platforms: [], models: { double }, protocols, ...options });
    return server;
  }

  const ask = async (url: string, accept = "*/*") => {
    const response = await fetch(url, { headers: { accept } });
    return { status: response.status, text: await response.text() };
  };

  it("lists the models at a port of the server, and its curl line is answered", async () => {
    const { url } = await (await serve()).listen({ port: 0 });
    const { status, text } = await ask(url);
    expect(status).toBe(200);
    const [model] = JSON.parse(text).models;
    expect(model).toMatchObject({
      name: "double",
      versions: [{ version: "1", state: "available" }],
    });
    const [, body, called] = /^curl -d '(.*)' (\S+)$/.exec(model.curl) ?? [];
    const answer = await fetch(called as string, { method: "POST", body: body as string });
    expect(await answer.json()).toEqual({ outputs: [0] });
    expect((await ask(url, "text/html")).text).toContain("<h2>double</h2>");
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(url, { method: "POST" })).status).toBe(405);
  });

  it("is 503 while the server starts", async () => {
    let starting: Awaited<ReturnType<typeof ask>> | undefined;
    await serve({
      beforeStart: async (early) => {
        starting = await ask((await early.listen({ port: 0 })).url);
      },
    });
    expect(starting?.status).toBe(503);
    expect(JSON.parse(starting?.text ?? "")).toMatchObject({ ready: false });
  });

  it("is behind authorize", async () => {
    const { url } = await (await serve({ authorize: () => false })).listen({ port: 0 });
    const { status, text } = await ask(url);
    expect(status).toBe(403);
    expect(text).not.toContain("double");
  });

  it("is the route of another protocol, if one has it", async () => {
    const own = {
      ...{ name: "own", apis: [] },
      http: () => [
        { method: "GET", path: "/", handle: () => ({ status: 200, body: Buffer.from("own") }) },
      ],
    };
    const protocols = [modelsPage(), own];
    const { url } = await (await serve({ protocols })).listen({ port: 0 });
    expect((await ask(url)).text).toBe("own");
  });

  it("is the app's if the server is mounted", async () => {
    const { rest, fetch: mounted, routes } = await serve();
    expect((await mounted(new Request("http://host/"))).status).toBe(404);
    expect(routes).not.toContainEqual(expect.objectContaining({ path: "/" }));
    const app = createServer(rest).listen(0, "127.0.0.1");
    await once(app, "listening");
    const { port } = app.address() as AddressInfo;
    expect((await ask(`http://127.0.0.1:${port}/`)).status).toBe(404);
    app.close();
    app.closeAllConnections();
  });
});

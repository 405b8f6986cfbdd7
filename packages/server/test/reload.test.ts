import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { status } from "@grpc/grpc-js";
import { definePlatform, type Predictor } from "@serving-kit/inference";
import { latest } from "@serving-kit/source-filesystem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ModelConfig, type ModelServer, parseModelConfig } from "../src/index.js";
import { fixturePlatform } from "./fixture-platform.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

const SERVING = 1;
const NOT_SERVING = 2;

let world: World;
const clients: GrpcClient[] = [];
beforeEach(async () => {
  world = await World.create();
  for (const name of ["a", "b", "slow"]) await world.publish(name, 1);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

/** Loads indefinitely, until it is no longer wanted. */
const endless = definePlatform({
  name: "endless",
  load: ({ signal }) =>
    new Promise<Predictor>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
})();
const model = (name: string): ModelConfig => ({
  name,
  basePath: join(world.path, name),
  ...(name === "slow" && { platform: endless }),
});
const isReady = async (server: ModelServer) =>
  (await server.fetch(new Request("http://host/v1/health/ready"))).status === 200;

async function connect(server: ModelServer): Promise<GrpcClient> {
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  const client = new GrpcClient(`127.0.0.1:${port}`);
  clients.push(client);
  return client;
}

it("serves a model and a label by the names of an object's prototype", async () => {
  await world.publish("__proto__", 1);
  const [model] = parseModelConfig(
    `model_config_list { config { name: "__proto__" base_path: "${world.path}/__proto__"
     version_labels { key: "__proto__" value: 1 } } }`,
    "models.config",
  );
  const server = await world.serve([], { models: [model as ModelConfig] });
  const init = { method: "POST", body: '{"instances":[1]}' };
  for (const path of ["__proto__:predict", "__proto__/labels/__proto__:predict"]) {
    const answer = await server.fetch(new Request(`http://host/v1/models/${path}`, init));
    expect(await answer.json()).toEqual({ predictions: [2.5] });
  }
  expect(await server.reload([])).toEqual([]);
});

it("accepts models by name or as a list, whose places are paths or URLs", async () => {
  const server = await world.serve([]);
  const place = (name: string) => join(world.path, name);
  expect(await server.reload({ a: place("a"), b: pathToFileURL(place("b")) })).toEqual([
    { name: "a" },
    { name: "b" },
  ]);
  const list = [{ name: "b", basePath: pathToFileURL(place("b")) }];
  expect(await server.reload(list)).toEqual([{ name: "b" }]);
  expect(server.manager.states("a").filter(({ state }) => state === "available")).toEqual([]);
  for (const models of [undefined, 7, { a: 7 }]) {
    await expect(server.reload(models as never)).rejects.toMatchObject({
      reason: "CONFIG_INVALID",
    });
  }
  expect((await server.predict("b", { x: [1] })).y).toBeDefined();
});

describe("a reload that waits", () => {
  it("is superseded by the next one, with an error for each model that had not settled", async () => {
    const server = await world.serve([]);
    const first = server.reload([model("a"), model("slow")]);
    const second = server.reload([model("b")]);
    expect(await first).toEqual([
      { name: "a", error: expect.objectContaining({ code: "ABORTED" }) },
      { name: "slow", error: expect.objectContaining({ reason: "RELOAD_SUPERSEDED" }) },
    ]);
    expect(await second).toEqual([{ name: "b" }]);
    expect(server.manager.listAvailable()).toEqual([{ name: "b", version: 1n }]);
  });

  it("keeps waiting if the next one is invalid", async () => {
    const server = await world.serve([]);
    const first = server.reload([model("a")]);
    await expect(server.reload([model("b"), model("b")])).rejects.toThrow("multiple times");
    expect(await first).toEqual([{ name: "a" }]);
  });

  it("ends at its timeout, its signal, and the server's close; the models keep loading", async () => {
    const server = await world.serve([]);
    const reasonOf = async (outcomes: ReturnType<ModelServer["reload"]>) =>
      (await outcomes)[0]?.error?.reason;
    expect(await reasonOf(server.reload([model("slow")], { timeoutMs: 0 }))).toBe(
      "MODEL_NOT_SETTLED",
    );
    const reason = new Error("no longer of interest");
    const signal = AbortSignal.abort(reason);
    expect(await server.reload([model("slow")], { signal })).toEqual([
      { name: "slow", error: reason },
    ]);
    await expect.poll(() => server.manager.states("slow")[0]?.state).toBe("loading");
    const waiting = reasonOf(server.reload([model("slow")]));
    await new Promise((resolve) => setImmediate(resolve));
    await server.close();
    expect(await waiting).toBe("SERVER_CLOSING");
  });
});

describe("a reload that sets a label on a version that is being copied", () => {
  const labelled = () => ({ ...model("a"), labels: { next: 2 }, versionPolicy: latest(2) });

  it("waits for the version, and sets the label", async () => {
    const server = await world.serve(["a"], { settleMs: 200 });
    await world.publish("a", 2);
    expect(await server.reload([labelled()])).toEqual([{ name: "a" }]);
    expect(server.manager.labels("a").get("next")).toEqual({ version: 2n });
  });

  it("reports the label if the version takes too long", async () => {
    const server = await world.serve(["a"], { settleMs: 1_000 });
    await world.publish("a", 2);
    expect(await server.reload([labelled()], { timeoutMs: 200 })).toEqual([
      { name: "a", error: expect.objectContaining({ reason: "LABEL_UNAVAILABLE" }) },
    ]);
  });

  it("does not wait for the version if labels may point at unavailable versions", async () => {
    const allowVersionLabelsForUnavailableModels = true;
    const options = { settleMs: 1_000, allowVersionLabelsForUnavailableModels };
    const server = await world.serve(["a"], options);
    await world.publish("a", 2);
    expect(await server.reload([labelled()])).toEqual([{ name: "a" }]);
    expect(server.manager.labels("a").get("next")).toEqual({ pending: 2n });
  });

  it("stops waiting when the copy has been aborted", async () => {
    const server = await world.serve(["a"]);
    await mkdir(join(world.path, "a", "2"));
    expect(await server.reload([labelled()])).toEqual([
      { name: "a", error: expect.objectContaining({ reason: "LABEL_UNAVAILABLE" }) },
    ]);
  });
});

describe("a reload over gRPC", () => {
  const reload = (client: GrpcClient, config: object[], timeoutMs = 10_000) =>
    client.call(
      "ModelService/HandleReloadConfigRequest",
      { config: { model_config_list: { config } } },
      { deadline: Date.now() + timeoutMs },
    );
  const message = (name: string, more: object = {}) => ({
    name,
    base_path: join(world.path, name),
    ...more,
  });

  it("fails with the outcome of each model that is not available", async () => {
    const client = await connect(await world.serve(["a"]));
    await world.publish("broken", 1, { failure: "bad weights" });
    const config = [message("a"), message("absent"), message("broken")];
    await expect(reload(client, config)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^the models were replaced, but 2 of 3 are not available: model absent: .*; model broken: .*bad weights/,
      ),
    });
  });

  it("rejects invalid versions", async () => {
    const client = await connect(await world.serve(["a"]));
    const labelled = reload(client, [message("a", { version_labels: { stable: -1 } })]);
    await expect(labelled).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: "model a: version_labels: expected an integer from 0 to 2^63 - 1; got -1",
    });
  });

  it("answers within the deadline of the call", async () => {
    const server = await world.serve([], {
      models: [],
      platforms: [fixturePlatform(), endless],
      modelRoots: [world.path],
    });
    const client = await connect(server);
    const config = [message("slow", { model_platform: "endless" })];
    await expect(reload(client, config, 400)).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      message: expect.stringMatching(/model slow neither became available nor failed/),
    });
  });

  it("keeps options that it cannot express, and cannot name a module to run", async () => {
    const logged: number[] = [];
    const own = {
      ...model("a"),
      platform: fixturePlatform(),
      requestLog: {
        sink: { write: (requests: readonly unknown[]) => void logged.push(requests.length) },
      },
    };
    const server = await world.serve([], { platforms: [endless], models: [own] });
    const client = await connect(server);
    await reload(client, [message("a", { model_platform: "fixture" })]);
    await reload(client, [message("a")]);
    const init = { method: "POST", body: '{"instances":[1]}' };
    await server.fetch(new Request("http://host/v1/models/a:predict", init));
    await expect.poll(() => logged).toEqual([1]);
    await expect(reload(client, [message("b", { model_platform: "custom" })])).rejects.toThrow(
      'Model b requests unsupported platform custom; expected one of "endless"',
    );
    await expect(reload(client, [{ name: "b", base_path: "gs://bucket/b" }])).rejects.toThrow(
      'models[0].basePath: expected a path of this machine (mount a bucket, or copy its models here); got "gs://bucket/b"',
    );
  });
});

describe("health", () => {
  const take = async (server: ModelServer, name: string) => {
    await rm(join(world.path, name, "1"), { recursive: true });
    await server.poll();
    await expect
      .poll(() => server.manager.listAvailable().map((id) => id.name))
      .not.toContain(name);
  };

  it.each([
    ["any", true],
    ["all", false],
    ["none", true],
  ] as const)("with %s: one of two models is lost", async (startUpPolicy, stillReady) => {
    const server = await world.serve(["a", "b"], { startUpPolicy });
    await server.manager.available({ name: "a" });
    await server.manager.available({ name: "b" });
    const client = await connect(server);
    expect(await isReady(server)).toBe(true);
    await take(server, "a");
    expect(await isReady(server)).toBe(stillReady);
    expect(await client.health("")).toBe(stillReady ? SERVING : NOT_SERVING);
    expect(await client.health("ModelService")).toBe(SERVING);
    expect([await client.health("a"), await client.health("b")]).toEqual([NOT_SERVING, SERVING]);
    await take(server, "b");
    expect(await isReady(server)).toBe(startUpPolicy === "none");
    await world.publish("a", 2);
    await server.reload([model("a")]);
    expect(await isReady(server)).toBe(true);
  });

  it("is not affected by a new version that fails, or by a model that is being added", async () => {
    const server = await world.serve(["a"], { startUpPolicy: "all" });
    await world.publish("a", 2, { failure: "bad weights" });
    await server.poll();
    await expect.poll(() => server.manager.states("a")[0]?.error).toBeDefined();
    void server.reload([model("a"), model("slow")]);
    await expect.poll(() => server.manager.states("slow")[0]?.state).toBe("loading");
    expect(await isReady(server)).toBe(true);
  });
});

import { join } from "node:path";
import {
  type AspiredVersions,
  incomplete,
  type Loader,
  type ServableId,
  ServingError,
  type SourceAdapter,
  type StoragePath,
  servableId,
} from "@serving-kit/core";
import { definePlatform, type Predictor, spec } from "@serving-kit/inference";
import { ReplaySubject } from "rxjs";
import { expect, it } from "vitest";
import { type FixtureModel, fixturePlatform } from "./fixture-platform.js";
import { CELLS, loaded } from "./threads-platform.js";
import { ThreadsWorld, until } from "./threads-world.js";
import { createModelServer, type WholeServerOptions } from "./whole-server.js";
import { World as ModelFolder } from "./world.js";

const vector = spec.float32([-1]);
/** The number of rows of each run, by the factor of the model. */
const runs: number[] = [];
/** Multiplies by the number that its path is; a path that is not a number does not load. */
const factors = definePlatform({
  name: "factor",
  accepts: async (path) => !Number.isNaN(Number(path)),
  isComplete: async () => incomplete("not asked of a source of the program"),
  load({ path }) {
    return {
      signatures: { serving_default: { inputs: { x: vector }, outputs: { y: vector } } },
      batchable: true,
      predict({ x }) {
        const rows = [...((x?.data ?? []) as Float32Array)];
        runs.push(rows.length);
        const data = Float32Array.from(rows, (value) => value * Number(path));
        return { y: { dtype: "float32" as const, shape: [data.length], data } };
      },
    };
  },
});

class World {
  readonly source = new ReplaySubject<AspiredVersions<StoragePath>>();

  emit(name: string, ...paths: string[]): void {
    const versions = paths.map((path, i) => ({ id: servableId(name, i + 1), data: { path } }));
    this.source.next({ name, versions });
  }

  serve(options: Partial<WholeServerOptions> = {}) {
    return createModelServer({ platforms: [factors()], sources: [this.source], ...options });
  }
}

const statusOf = async (
  server: Awaited<ReturnType<World["serve"]>>,
  path: string,
  body?: string,
) => {
  const init = body === undefined ? {} : { method: "POST", body };
  const answer = await server.fetch(new Request(`http://localhost${path}`, init));
  return { status: answer?.status, body: JSON.parse((await answer?.text()) || "null") };
};

it("serves the versions of a source as it does those of models: batched, adapted, over REST, and with a status", async () => {
  const world = new World();
  world.emit("a", "2");
  world.emit("b", "3", "5");
  const adapted: ServableId[] = [];
  const adapter: SourceAdapter<Loader<Predictor>, Loader<Predictor>> = (loaders) => {
    loaders.subscribe(({ versions }) => adapted.push(...versions.map(({ id }) => id)));
    return loaders;
  };
  await using server = await world.serve({
    ready: ["a", "b"],
    startUpPolicy: "all",
    adapters: [adapter],
    batching: { maxBatchSize: 4, batchTimeoutMs: 10_000 },
  });
  expect(new Set(adapted.map(({ name, version }) => `${name} ${version}`))).toEqual(
    new Set(["a 1", "b 1", "b 2"]),
  );
  runs.length = 0;
  const answers = await Promise.all([1, 2, 3, 4].map((x) => server.predict("a", { x: [x] })));
  expect(answers.map(({ y }) => [...(y?.data ?? [])])).toEqual([[2], [4], [6], [8]]);
  expect(runs).toEqual([4]);
  const rest = await statusOf(server, "/v1/models/b:predict", '{"instances":[1,2]}');
  expect(rest).toEqual({ status: 200, body: { predictions: [5, 10] } });
  const { body } = await statusOf(server, "/v1/models/b");
  expect(body.model_version_status).toMatchObject([
    { version: "2", state: "AVAILABLE" },
    { version: "1", state: "AVAILABLE" },
  ]);
  expect((await statusOf(server, "/v1/models/c")).status).toBe(404);
});

it("starts when the names in `ready` have settled, and is ready while the policy holds for them", async () => {
  const world = new World();
  world.emit("a", "2");
  let isStarted = false;
  const starting = world.serve({ ready: ["a", "b"], startUpPolicy: "all" }).then((server) => {
    isStarted = true;
    return server;
  });
  world.source.subscribe(); // later than the server
  await new Promise(setImmediate);
  expect(isStarted).toBe(false);
  world.emit("b", "3");
  await using server = await starting;
  const ready = async () => (await statusOf(server, "/v1/health/ready")).status;
  expect(await ready()).toBe(200);
  world.emit("b");
  await expect.poll(ready).toBe(503);
  expect((await server.predict("a", { x: [1] })).y?.data).toEqual(Float32Array.of(2));
  await server.reload([]);
  expect((await server.predict("a", { x: [1] })).y?.data).toEqual(Float32Array.of(2));
});

it("warms the versions of a source up before they are available, and times it", async () => {
  await using folder = await ModelFolder.create();
  await folder.publish("warm", 1, { warmUp: { records: 3 } });
  await folder.publish("cold", 1, { warmUp: { records: 0, failure: "no records" } });
  const world = new World();
  for (const name of ["warm", "cold"]) world.emit(name, join(folder.path, name, "1"));
  world.emit("batched", "2");
  runs.length = 0;
  await using server = await world.serve({
    platforms: [fixturePlatform(), factors()],
    ready: ["warm", "cold", "batched"],
    metrics: {},
    batching: ({ name }) =>
      name === "batched"
        ? { maxBatchSize: 4, allowedBatchSizes: [2, 4], enableAllBatchSizesWarmup: true }
        : undefined,
    manager: { maxLoadRetries: 0 },
  });
  // By batching: once for each allowed size.
  expect(runs).toEqual([2, 4]);
  const metrics = await server.fetch(new Request("http://localhost/monitoring/prometheus/metrics"));
  const text = (await metrics?.text()) ?? "";
  const latencyOf = (name: string, status: string) => {
    const labels = `model_path="${join(folder.path, name, "1")}",status="${status}"`;
    return text.includes(`:tensorflow:serving:model_warmup_latency_count{${labels}} 1\n`);
  };
  expect([latencyOf("warm", "OK"), latencyOf("cold", "DATA_LOSS")]).toEqual([true, true]);
  const { body } = await statusOf(server, "/v1/models/cold");
  expect(body.model_version_status).toMatchObject([
    { state: "END", status: { error_message: expect.stringContaining("no records") } },
  ]);
});

it("answers for the versions of a source in every event loop, swaps them, and withdraws them", async () => {
  await using folder = await ModelFolder.create();
  const source = new ReplaySubject<AspiredVersions<StoragePath>>();
  await using world = await ThreadsWorld.start({ sources: [source] });
  const emit = (...versions: number[]) => {
    const at = (version: number) => ({ path: join(folder.path, "sourced", String(version)) });
    const list = versions.map((version) => ({
      id: servableId("sourced", version),
      data: at(version),
    }));
    source.next({ name: "sourced", versions: list });
  };
  const firstLoad = loaded.length;
  for (const version of [1, 2]) {
    await folder.publish("sourced", version, { b: version } as FixtureModel);
    emit(...Array.from({ length: version }, (_, i) => i + 1));
    await world.server.manager.available({ name: "sourced", version });
    const threads = await world.threads("sourced", `/versions/${version}`);
    expect([threads.size, threads.has(0)]).toEqual([2, false]);
  }
  const cells = loaded.slice(firstLoad);
  expect(cells.map((each) => Atomics.load(each, CELLS.attached))).toEqual([2, 2]);
  emit(2);
  await until(() => world.states("sourced").join() === "2 available");
  for (let i = 0; i < 8; i++) {
    expect((await world.predict("sourced", "/versions/1")).status).toBe(404);
    expect((await world.predict("sourced")).body.predictions[0].y).toBe(3);
  }
  emit();
  await until(() => world.states("sourced").length === 0);
  for (let i = 0; i < 8; i++) expect((await world.predict("sourced")).status).toBe(404);
  expect(cells.map((each) => Atomics.load(each, CELLS.disposed))).toEqual([1, 1]);
});

it("fails to start with the reason of the source, and with that of the load", async () => {
  const world = new World();
  const error = new ServingError("NOT_FOUND", "GONE", "the registry has no model b");
  world.source.next({ name: "b", versions: [], error });
  world.emit("c", "no number");
  const starting = world.serve({
    ready: ["b", "c"],
    manager: { maxLoadRetries: 0 },
  });
  await expect(starting).rejects.toMatchObject({
    reason: "START_UP_FAILED",
    message: expect.stringMatching(/model b: the registry has no model b; model c: .*no number/),
  });
});

it.each<[string, (world: World) => void, RegExp]>([
  ["fails", ({ source }) => source.error(new Error("torn")), /model b failed: torn/],
  ["ends", ({ source }) => source.complete(), /all sources have ended without a version of it/],
])("does not wait for a name of a source that %s", async (_, end, message) => {
  const world = new World();
  end(world);
  await expect(world.serve({ ready: ["b"] })).rejects.toThrow(message);
});

it("ignores a source for a name that is configured, with a line in the log", async () => {
  const world = new World();
  const lines: string[] = [];
  const logger = { info() {}, error() {}, warn: (_: object, line: string) => lines.push(line) };
  world.emit("a", "2");
  world.emit("a", "2");
  await using server = await world.serve({
    models: {
      a: {
        basePath: "defined://a",
        platform: definePlatform({
          name: "seven",
          load: (context) => factors().loader({ path: "7" }, context.id).load(context),
        })(),
      },
    },
    logger: logger as never,
  });
  expect((await server.predict("a", { x: [1] })).y?.data).toEqual(Float32Array.of(7));
  expect(lines.filter((line) => line.includes("source"))).toEqual([
    "model a: ignoring a source, the name is configured",
  ]);
});

it.each([
  [{ sources: [{}] }, "sources[0]: expected a source; got an object"],
  [
    { ready: ["b"], sources: [] },
    'ready: expected names of configured models, or of models from sources; got "b", but the server has no sources',
  ],
  [{ raedy: ["b"] }, "unknown option raedy; did you mean ready?"],
])("refuses %j", async (options, message) => {
  const starting = createModelServer({ platforms: [], ...options } as never);
  await expect(starting).rejects.toMatchObject({ reason: "CONFIG_INVALID", message });
});

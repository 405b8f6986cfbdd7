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
import { createModelServer, type WholeServerOptions } from "./whole-server.js";

const vector = spec.float32([-1]);
/** The number of rows of each run, by the factor of the model. */
const runs: number[] = [];
/** Multiplies by the number that its path is; a path that is no number does not load. */
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
  ["ends", ({ source }) => source.complete(), /the sources have ended without a version of it/],
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
    'ready: expected names of models or of sources; got "b", and there is no source',
  ],
  [{ raedy: ["b"] }, "unknown option raedy; did you mean ready?"],
])("refuses %j", async (options, message) => {
  const starting = createModelServer({ platforms: [], ...options } as never);
  await expect(starting).rejects.toMatchObject({ reason: "CONFIG_INVALID", message });
});

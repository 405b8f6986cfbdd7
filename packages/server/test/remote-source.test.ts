import { type ServableState, ServingError, type SourceContext } from "@serving-kit/core";
import { definePlatform } from "@serving-kit/inference";
import { FakeClock, FakeStorage, type FakeStorageOptions, turn } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { type FixtureModel, fixturePlatform } from "./fixture-platform.js";
import type { WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world[Symbol.asyncDispose]());

const URI = "fake://bucket/m";
const files = (model: FixtureModel = {}) => ({ "model.json": JSON.stringify(model) });

/** A server of a model in a fake storage, on a clock that goes on by itself unless the test has it. */
async function serve(
  storage: FakeStorage,
  options: Partial<WholeServerOptions> = {},
): Promise<ModelServer> {
  return world.serve([], {
    sourceProviders: [storage.provider],
    models: [{ name: "m", basePath: URI }],
    ...options,
  });
}

const newStorage = (options: FakeStorageOptions = {}) => new FakeStorage(options);

async function predict(server: ModelServer, path = "m"): Promise<unknown> {
  const init = { method: "POST", body: '{"instances":[1]}' };
  const answer = await server.fetch(new Request(`http://host/v1/models/${path}:predict`, init));
  return answer.status === 200
    ? ((await answer.json()) as { predictions: [number] }).predictions[0]
    : answer.status;
}

const states = (server: ModelServer) =>
  server.manager.states("m").map(({ id, state }: ServableState) => `${id.version} ${state}`);

describe("a model in remote storage", () => {
  it("is fetched, served and hot-swapped without a failed request; its lease ends with it", async () => {
    const storage = newStorage({ fetchMs: 30 });
    storage.publish(URI, 1n, files({ b: 1 }));
    const server = await serve(storage, { pollIntervalMs: 10 });
    expect(await predict(server)).toBe(1.5);
    let isSwapped = false;
    const answers = new Set<unknown>();
    const asking = (async () => {
      while (!isSwapped) {
        answers.add(await predict(server));
        await turn();
      }
    })();
    storage.publish(URI, 2n, files({ b: 2 }));
    await expect.poll(() => states(server)).toEqual(["2 available"]);
    isSwapped = true;
    await asking;
    expect([...answers].sort()).toEqual([1.5, 2.5]);
    expect(storage.leases).toBe(1);
    await server.close();
    expect([storage.leases, storage.fetching]).toEqual([0, 0]);
  });

  it("has a fetch aborted when its version is withdrawn, or the server closes", async () => {
    const clock = new FakeClock();
    const storage = newStorage({ fetchMs: 60_000, clock });
    storage.publish(URI, 1n, files());
    const server = await serve(storage, { clock, startUpPolicy: "none" });
    await clock.advance(1);
    await expect.poll(() => storage.fetching).toBe(1);
    storage.remove(URI, 1n);
    await clock.advance(1_000);
    await expect.poll(() => [storage.fetching, states(server)]).toEqual([0, []]);
    storage.publish(URI, 2n, files());
    await clock.advance(1_000);
    await expect.poll(() => storage.fetching).toBe(1);
    await server.close();
    expect([storage.fetching, storage.leases, clock.pending]).toEqual([0, 0, 0]);
  });

  it("has its lease disposed after a load that fails, and the URI in the error", async () => {
    const storage = newStorage();
    storage.publish(URI, 1n, files({ failure: "no such op" }));
    storage.publish("fake://bucket/gone", 1n, files());
    const server = await serve(storage, {
      startUpPolicy: "none",
      manager: { maxLoadRetries: 0 },
      models: [
        { name: "m", basePath: URI },
        { name: "gone", basePath: "fake://bucket/gone" },
      ],
    });
    const list = storage.list.bind(storage);
    await expect.poll(() => states(server)).toEqual(["1 end"]);
    expect(server.manager.states("m")[0]?.error?.message).toContain("no such op");
    expect(storage.leases).toBeLessThanOrEqual(1); // that of the other model
    await expect.poll(() => server.manager.states("gone")[0]?.state).toBe("available");
    expect(await list(URI)).toBeDefined();
    await server.close();
    expect(storage.leases).toBe(0);
  });

  it("fails to load as incomplete, and loads when a retry fetches it completely", async () => {
    const clock = new FakeClock();
    const storage = newStorage({ clock });
    storage.publish(URI, 1n, { other: "" });
    const server = await serve(storage, { clock, startUpPolicy: "none" });
    const error = () => server.manager.states("m")[0]?.error;
    await clock.advance(1);
    await expect.poll(() => error()?.reason).toBe("VERSION_INCOMPLETE");
    expect(error()?.message).toContain(`{name: m version: 1} at ${URI}/1 is not complete yet:`);
    storage.publish(URI, 1n, files({ b: 5 }));
    await clock.advance(60_000);
    await expect.poll(() => states(server)).toEqual(["1 available"]);
    expect(await predict(server)).toBe(5.5);
  });

  it("reads its own batching parameters from the local copy", async () => {
    const storage = newStorage();
    storage.publish(URI, 1n, {
      ...files(),
      "batching_params.pbtxt":
        "max_batch_size { value: 2 } batch_timeout_micros { value: 3600000000 }",
    });
    const server = await serve(storage, { batching: true, perModelBatchingParameters: true });
    // Neither starts before the batch of two is full.
    expect(await Promise.all([predict(server), predict(server)])).toEqual([2.5, 2.5]);
  });

  it("has its URI in GET /v1/models, in its log lines and in the reason of its end", async () => {
    const storage = newStorage();
    storage.publish(URI, 1n, files());
    const lines: string[] = [];
    const keep = (_: object, line: string) => void lines.push(line);
    const logger = { info: keep, warn: keep, error: keep };
    const server = await serve(storage, { logger, manager: { maxLoadRetries: 0 } });
    const listed = async () =>
      (
        (await (await server.fetch(new Request("http://host/v1/models"))).json()) as {
          models: Record<string, unknown>[];
        }
      ).models[0];
    expect(await listed()).toMatchObject({ name: "m", uri: URI });
    // TF Serving's own answer gains no field.
    const status = await server.fetch(new Request("http://host/v1/models/m"));
    expect(Object.keys((await status.json()) as object)).toEqual(["model_version_status"]);
    storage.publish(URI, 2n, files());
    storage.set(`${URI}/2`, "fails");
    await server.poll();
    await expect.poll(() => states(server)).toContain("2 end");
    const [end] = server.manager.states("m");
    expect(end?.error?.message).toContain(`${URI}/2`);
    expect(lines.filter((line) => line.includes(`${URI}/2`))).not.toEqual([]);
  });

  it("has its URI in metrics", async () => {
    const storage = newStorage();
    storage.publish(URI, 1n, files({ warmUp: { records: 3 } }));
    const server = await serve(storage, { metrics: {} });
    const path = "/monitoring/prometheus/metrics";
    const text = await (await server.fetch(new Request(`http://host${path}`))).text();
    expect(text).toContain(
      `:tensorflow:serving:model_warmup_records_read{model_path="${URI}/1",status="OK"} 3\n`,
    );
  });

  it("has what it costs in metrics: listings, fetches, bytes, seconds and failures by reason", async () => {
    const storage = newStorage();
    storage.publish(URI, 1n, files());
    const server = await serve(storage, { metrics: {}, pollIntervalMs: 0 });
    storage.set(URI, "fails");
    await server.poll();
    const path = "/monitoring/prometheus/metrics";
    const text = await (await server.fetch(new Request(`http://host${path}`))).text();
    const of = (name: string) =>
      new RegExp(`^serving_kit_source_${name} ([\\d.e-]+)$`, "m").exec(text)?.[1];
    const bytes = Buffer.byteLength(files()["model.json"]);
    expect(of('listings{model_name="m"}')).toBe(String(storage.lists));
    expect(of('fetches{model_name="m",from="storage"}')).toBe("1");
    expect(of('bytes{model_name="m"}')).toBe(String(bytes));
    expect(Number(of('fetch_seconds{model_name="m"}'))).toBeGreaterThanOrEqual(0);
    expect(of('failures{model_name="m",during="listing",reason="DOWN"}')).toBe("1");
  });

  it("reserves what the largest of the platforms estimates for its size before it is fetched", async () => {
    const estimating = (name: string, factor: number) =>
      definePlatform({
        name,
        estimateResources: async ({ sizeBytes = 0 }) => ({ ramBytes: factor * sizeBytes }),
        load: () => Promise.reject(new Error("not loaded")),
      })();
    const storage = newStorage();
    storage.publish(URI, 1n, { model: "x".repeat(100) });
    const server = await serve(storage, {
      platforms: [estimating("one", 2), estimating("two", 3)],
      startUpPolicy: "none",
      manager: { resourceLimits: { ramBytes: 250 } },
    });
    await expect.poll(() => states(server)).toEqual(["1 end"]);
    expect(server.manager.states("m")[0]?.error).toMatchObject({ reason: "NEVER_FITS" });
    expect(storage.leases).toBe(0);
  });

  it("polls as its provider chooses, unless the user says", async () => {
    const made: SourceContext[] = [];
    const storage = newStorage();
    storage.publish(URI, 1n, files());
    const { provider } = storage;
    const recording = {
      ...provider,
      create(context: SourceContext) {
        made.push(context);
        return provider.create(context);
      },
    };
    await serve(storage, { sourceProviders: [recording], settleMs: undefined as never });
    await serve(storage, { sourceProviders: [recording], pollIntervalMs: 7, watch: false });
    expect(made.map(({ pollIntervalMs, watch }) => [pollIntervalMs, watch])).toEqual([
      [undefined, undefined],
      [7, false],
    ]);
  });

  it("moves from a folder to a URI, and back, by reloads without a failed request", async () => {
    await world.publish("m", 1, { b: 1 });
    const storage = newStorage({ fetchMs: 20 });
    const server = await serve(storage, {
      models: [{ name: "m", basePath: `${world.path}/m` }],
      pollIntervalMs: 10,
    });
    let isOver = false;
    const answers: unknown[] = [];
    const asking = (async () => {
      while (!isOver) {
        answers.push(await predict(server));
        await turn();
      }
    })();
    const reload = (basePath: string) => server.reload([{ name: "m", basePath }]);
    expect(await reload(URI)).toEqual([{ name: "m" }]);
    expect(await predict(server)).toBe(1.5);
    storage.publish(URI, 3n, files({ b: 3 }));
    await expect.poll(() => states(server)).toEqual(["3 available"]);
    expect(await reload(`file://${world.path}/m`)).toEqual([{ name: "m" }]);
    await expect.poll(() => states(server)).toEqual(["1 available"]);
    isOver = true;
    await asking;
    expect([...new Set(answers)].sort()).toEqual([1.5, 3.5]);
    await expect.poll(() => storage.leases).toBe(0);
  });

  it("does not keep other models from being served when its provider throws or never answers", async () => {
    await world.publish("local", 1, { b: 1 });
    const throwing = { schemes: ["throws"], create: () => Promise.reject(new Error("x")) as never };
    const hanging = newStorage({ schemes: ["hangs"] });
    hanging.set("hangs://m", "hangs");
    const clock = new FakeClock();
    const starting = serve(hanging, {
      clock,
      sourceProviders: [
        {
          ...throwing,
          create: () => {
            throw new ServingError("INTERNAL", "BROKEN", "no SDK");
          },
        },
        hanging.provider,
      ],
      models: [
        { name: "m", basePath: "throws://m" },
        { name: "slow", basePath: "hangs://m" },
        { name: "local", basePath: `${world.path}/local` },
      ],
    });
    let server: ModelServer | undefined;
    void starting.then((started) => {
      server = started;
    });
    await expect
      .poll(async () => {
        await clock.advance(1_000);
        return server !== undefined;
      })
      .toBe(true);
    expect(await predict(server as ModelServer, "local")).toBe(1.5);
    expect(await predict(server as ModelServer, "m")).toBe(404);
  });
});

describe("labels of a provider", () => {
  it("behave as configured ones, which win", async () => {
    const storage = newStorage();
    storage.publish(URI, 1n, files({ b: 1 }));
    storage.publish(URI, 2n, files({ b: 2 }));
    storage.setLabels(URI, { champion: 1n, stable: 1n });
    const server = await serve(storage, {
      pollIntervalMs: 10,
      models: [
        {
          ...{ name: "m", basePath: URI, labels: { stable: 2 } },
          versionPolicy: { kind: "all" },
        },
      ],
    });
    expect(await predict(server, "m/labels/champion")).toBe(1.5);
    expect(await predict(server, "m/labels/stable")).toBe(2.5);
    storage.publish(URI, 3n, files({ b: 3 }));
    storage.setLabels(URI, { champion: 3n, stable: 1n });
    await expect.poll(() => predict(server, "m/labels/champion")).toBe(3.5);
    expect(await predict(server, "m/labels/stable")).toBe(2.5);
    storage.setLabels(URI, {});
    await expect.poll(() => predict(server, "m/labels/champion")).toBe(400);
    expect(await predict(server, "m/labels/stable")).toBe(2.5);
  });

  it("are errors of the model when they point at nothing, as configured ones are", async () => {
    const storage = newStorage();
    storage.publish(URI, 1n, files({ b: 1 }));
    storage.setLabels(URI, { champion: 9n });
    const server = await serve(storage, { models: [] });
    expect(await server.reload([{ name: "m", basePath: URI }])).toMatchObject([
      { name: "m", error: { reason: "LABEL_UNAVAILABLE" } },
    ]);
    expect(await predict(server)).toBe(1.5);
  });
});

it("detects the platform of a version once, from its discovery to its load", async () => {
  const asked: string[] = [];
  const counting = (name: string, doesAccept: boolean) => {
    const platform = fixturePlatform();
    return Object.assign((source: Parameters<typeof platform>[0]) => platform(source), {
      ...platform,
      platformName: name,
      accepts: async (path: string) => {
        asked.push(`${name} ${path.slice(world.path.length)}`);
        return doesAccept && platform.accepts(path);
      },
    });
  };
  await world.publish("m", 1, {});
  const server = await world.serve(["m"], {
    platforms: [counting("other", false), counting("fixture", true)],
    manager: { resourceLimits: { ramBytes: 1e9 } },
  });
  expect(asked).toEqual(["other /m/1", "fixture /m/1"]);
  await world.publish("m", 2, {});
  await server.poll();
  await expect.poll(() => states(server)).toEqual(["2 available"]);
  expect(asked.slice(2)).toEqual(["other /m/2", "fixture /m/2"]);
  asked.length = 0;
  const storage = newStorage();
  storage.publish(URI, 1n, files());
  await world.serve([], {
    platforms: [counting("fixture", true)],
    sourceProviders: [storage.provider],
    models: [{ name: "m", basePath: URI }],
  });
  expect(asked).toHaveLength(1);
});

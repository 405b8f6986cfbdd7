import { join } from "node:path";
import type { StartedBatch } from "@serving-kit/batching";
import { type Loader, mapVersions } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import type { WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

let world: World;

beforeAll(async () => {
  world = await World.create();
  await world.publish("m", 7);
  await world.publish("slow", 1);
});
afterAll(() => world[Symbol.asyncDispose]());

const SESSION = ":tensorflow:serving:batching_session:";
const METRICS = "/monitoring/prometheus/metrics";

const serve = (options: Partial<WholeServerOptions> = {}) =>
  world.serve(["m"], { metrics: {}, ...options });

const ask = (server: ModelServer, path: string, body?: object) =>
  server.fetch(
    new Request(`http://host${path}`, {
      method: body ? "POST" : "GET",
      ...(body && { body: JSON.stringify(body) }),
    }),
  );

const predict = (server: ModelServer, body: object = { instances: [1] }, name = "m") =>
  ask(server, `/v1/models/${name}:predict`, body);

/** Lets the model `slow` load when the gate is open. */
const slowed = (gate: Promise<void>) =>
  mapVersions<Loader<Predictor>, Loader<Predictor>>((loader, { name }) => ({
    async load(context) {
      if (name === "slow") await gate;
      return loader.load(context);
    },
  }));

/** The samples of the metrics, by name and labels. */
async function samples(server: ModelServer, path = METRICS): Promise<Map<string, number>> {
  const text = await (await ask(server, path)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

describe("metrics", () => {
  it("are not served by default", async () => {
    const server = await world.serve(["m"]);
    expect((await ask(server, METRICS)).status).toBe(404);
  });

  it("are Prometheus text at TF Serving's path, or at another one, to GET alone", async () => {
    const response = await ask(await serve(), METRICS);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain("# TYPE :tensorflow:serving:request_latency histogram");
    const elsewhere = await serve({ metrics: { path: "/m" } });
    expect((await ask(elsewhere, "/m")).status).toBe(200);
    expect((await ask(elsewhere, METRICS)).status).toBe(404);
    expect((await ask(elsewhere, "/m", {})).status).toBe(405);
  });

  it("count all requests by status, and time those that succeed in TF Serving's buckets", async () => {
    const server = await serve();
    await predict(server);
    await predict(server);
    await predict(server, { instances: ["no number"] });
    const found = await samples(server);
    const of = (name: string, labels: string) =>
      found.get(`:tensorflow:serving:${name}{${labels}}`);
    expect(of("request_count", 'model_name="m",status="OK"')).toBe(2);
    expect(of("request_count", 'model_name="m",status="INVALID_ARGUMENT"')).toBe(1);
    const request = 'model_name="m",API="Predict",entrypoint="REST"';
    expect(of("request_latency_count", request)).toBe(2);
    const runtime = 'model_name="m",API="Predict",runtime="serving-kit"';
    expect(of("runtime_latency_count", runtime)).toBe(2);
    expect(of("runtime_latency_sum", runtime)).toBeLessThanOrEqual(
      of("request_latency_sum", request) as number,
    );
    const limits = [...found.keys()].filter((key) => key.includes("request_latency_bucket"));
    expect(limits).toHaveLength(34);
    expect(limits.slice(0, 3).map((key) => /le="(.*?)"/.exec(key)?.[1])).toEqual([
      "10",
      "18",
      "32.4",
    ]);
  });

  it("count a request whose body cannot be read", async () => {
    const server = await serve({ rest: { maxBodyBytes: 10 } });
    expect((await predict(server)).status).toBe(413);
    const labels = 'model_name="m",status="RESOURCE_EXHAUSTED"';
    expect((await samples(server)).get(`:tensorflow:serving:request_count{${labels}}`)).toBe(1);
  });

  it("count the examples of classify and regress", async () => {
    const server = await serve();
    const examples = [{ a: [1] }, { a: [2] }, { a: [3] }];
    await ask(server, "/v1/models/m:regress", { signature_name: "regress", examples });
    const found = await samples(server);
    expect(found.get(':tensorflow:serving:request_example_count_total{model="m"}')).toBe(3);
    expect(found.get(':tensorflow:serving:request_example_counts_bucket{le="2",model="m"}')).toBe(
      0,
    );
    expect(found.get(':tensorflow:serving:request_example_counts_bucket{le="4",model="m"}')).toBe(
      1,
    );
  });

  it("distinguish gRPC from REST", async () => {
    const server = await serve();
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    using client = new GrpcClient(`127.0.0.1:${port}`);
    const x = { dtype: 1, tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] };
    await client.predict({ model_spec: { name: "m" }, inputs: { x } });
    await client.predict({ model_spec: { name: "m" }, inputs: {} }).catch(() => {});
    const found = await samples(server);
    const labels = 'model_name="m",API="Predict",entrypoint="GRPC"';
    expect(found.get(`:tensorflow:serving:request_latency_count{${labels}}`)).toBe(1);
    const refused = 'model_name="m",status="INVALID_ARGUMENT"';
    expect(found.get(`:tensorflow:serving:request_count{${refused}}`)).toBe(1);
  });

  it("distinguish versions and signatures if configured to", async () => {
    const server = await serve({ metrics: { versionLabels: true } });
    await predict(server);
    const labels = 'model_name="m",status="OK",version="7",signature_name="serving_default"';
    expect((await samples(server)).get(`:tensorflow:serving:request_count{${labels}}`)).toBe(1);
  });

  it("do not grow with the names that clients make up", async () => {
    const server = await serve();
    for (let i = 0; i < 20; i++) await predict(server, {}, `made-up-${i}`);
    const counts = [...(await samples(server))].filter(([key]) => key.includes("request_count{"));
    expect(counts).toEqual([
      [':tensorflow:serving:request_count{model_name="(unknown)",status="NOT_FOUND"}', 20],
    ]);
  });

  it("show the state of each version and the lateness of the event loop", async () => {
    const found = await samples(await serve());
    const state = 'model_name="m",version="7",state="available"';
    expect(found.get(`serving_kit_model_version_state{${state}}`)).toBe(1);
    expect(found.get('serving_kit_event_loop_lateness{quantile="1"}')).toBeGreaterThanOrEqual(0);
  });

  it("time the warm-up of each version, and count its records", async () => {
    await world.publish("warm", 1, { warmUp: { records: 3 } });
    await world.publish("warmer", 2, { warmUp: { records: 2 } });
    await world.publish("cold", 1, { warmUp: { records: 0, failure: "no records" } });
    const server = await world.serve(["warm", "warmer", "cold"], { metrics: {} });
    const found = await samples(server);
    const of = (path: string, status: string) => {
      const labels = `model_path="${join(world.path, path)}",status="${status}"`;
      return found.get(`:tensorflow:serving:model_warmup_latency_count{${labels}}`);
    };
    expect([of("warm/1", "OK"), of("warmer/2", "OK"), of("cold/1", "DATA_LOSS")]).toEqual([
      1, 1, 1,
    ]);
    const records = [...found].filter(([key]) => key.includes("model_warmup_records_read"));
    expect(records.map(([, count]) => count).sort()).toEqual([0, 2, 3]);
  });

  it("have TF Serving's labels", async () => {
    await world.publish("warmed", 1, { warmUp: { records: 1 } });
    const sink = { write: async () => {} };
    const server = await world.serve(["m", "warmed"], {
      metrics: {},
      batching: { allowedBatchSizes: [4], maxBatchSize: 4, slots: 1 },
      requestLog: { sink },
    });
    await predict(server);
    await ask(server, "/v1/models/m:regress", {
      signature_name: "regress",
      examples: [{ a: [1] }],
    });
    await expect
      .poll(async () => [...(await samples(server)).keys()].join())
      .toContain("request_log");
    const labels = new Map<string, string[]>();
    let metric = "";
    for (const line of (await (await ask(server, METRICS)).text()).split("\n")) {
      metric = /^# TYPE :tensorflow:serving:(\S+)/.exec(line)?.[1] ?? metric;
      if (!line.startsWith(`:tensorflow:serving:${metric}`)) continue;
      const names = [...line.matchAll(/(\w+)="/g)].map(([, label]) => label as string);
      labels.set(metric, names.filter((label) => label !== "le").sort());
    }
    // Names and labels of TF Serving's monitoring::Counter and Sampler, by the file that has them.
    expect(Object.fromEntries(labels)).toMatchObject({
      // servables/tensorflow/util.cc
      request_example_counts: ["model"],
      request_example_count_total: ["model"],
      request_count: ["model_name", "status"],
      runtime_latency: ["API", "model_name", "runtime"],
      request_latency: ["API", "entrypoint", "model_name"],
      // core/request_logger.cc
      request_log_count: ["model_name", "status_code"],
      // servables/tensorflow/saved_model_warmup_util.cc
      model_warmup_latency: ["model_path", "status"],
      model_warmup_records_read: ["model_path", "status"],
      // batching/batching_session.cc, batching/batching_util.h
      "batching_session:queuing_latency": ["thread_pool_name"],
      "batching_session:wrapped_run_count": [],
      "batching_session:padding_size": ["execution_batch_size"],
      "batching_session:input_batch_size": [],
      "batching_session:processed_batch_size": [],
    });
  });

  it("report the batching metrics of TF Serving's batching session, even after the model is unloaded", async () => {
    const batching = { maxBatchSize: 4, allowedBatchSizes: [2, 4], slots: 1 };
    const server = await serve({ batching });
    expect((await samples(server)).has(`${SESSION}wrapped_run_count`)).toBe(false);
    await predict(server);
    await predict(server, { instances: [1, 2, 3] });
    await server.reload([]);
    const found = await samples(server);
    const of = (name: string, labels = "") =>
      ["count", "sum"].map((part) => found.get(`${SESSION}${name}_${part}${labels}`));
    expect(found.get(`${SESSION}wrapped_run_count`)).toBe(2);
    expect(of("input_batch_size")).toEqual([2, 4]);
    expect(of("processed_batch_size")).toEqual([2, 6]);
    expect(of("padding_size", '{execution_batch_size="2"}')).toEqual([1, 1]);
    expect(of("padding_size", '{execution_batch_size="4"}')).toEqual([1, 1]);
    expect(of("queuing_latency", '{thread_pool_name=""}')).toEqual([2, expect.any(Number)]);
    const bounds = [...found.keys()].flatMap(
      (key) => /queuing_latency_bucket\{le="(.*?)"/.exec(key)?.[1] ?? [],
    );
    expect(bounds).toHaveLength(53);
    expect(bounds.slice(0, 3)).toEqual(["100", "120", "144"]);
  });

  it("do not replace the app's own listener", async () => {
    const sizes: number[] = [];
    const onBatchStart = ({ size }: StartedBatch) => void sizes.push(size);
    const server = await serve({ batching: { onBatchStart } });
    await predict(server);
    expect(sizes).toEqual([1]);
    expect((await samples(server)).get(`${SESSION}wrapped_run_count`)).toBe(1);
  });

  it.each([
    ["tells what was counted during a reload, by TF Serving's names", {}, ["2", "0", "0", "2"]],
    ["tells nothing if there are no metrics", undefined, ["0", "0", "0", "0"]],
  ])("HandleReloadConfigRequest %s", async (_, metrics, increases) => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const server = await world.serve(["m"], {
      ...(metrics && { metrics }),
      adapters: [slowed(gate)],
    });
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    using client = new GrpcClient(`127.0.0.1:${port}`);
    await predict(server);
    const config = ["m", "slow"].map((name) => ({ name, base_path: join(world.path, name) }));
    const names = ["request_count", "request_latency", "unheard_of"].map(
      (name) => `/tensorflow/serving/${name}`,
    );
    const metric_names = [...names, ":tensorflow:serving:request_count", names[0]];
    const answer = client.call("ModelService/HandleReloadConfigRequest", {
      config: { model_config_list: { config } },
      metric_names,
    });
    await expect.poll(() => server.manager.states("slow")[0]?.state).toBe("loading");
    await predict(server);
    await predict(server, { instances: ["no number"] });
    open();
    expect((await answer).metric).toEqual(
      increases.map((int64_value_increase, i) =>
        expect.objectContaining({ name: metric_names[i], int64_value_increase }),
      ),
    );
  });

  it("reject options that are not meant", async () => {
    await expect(serve({ metrics: { path: "metrics" } })).rejects.toMatchObject({
      reason: "CONFIG_INVALID",
      message: 'metrics.path: expected a path that starts with /; got "metrics"',
    });
  });
});

import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { get } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { credentials } from "@grpc/grpc-js";
import { AdaptiveSlots, parseBatchingParameters } from "@serving-kit/batching";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoggedRequest } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import { CELLS, loaded } from "./threads-platform.js";
import { openGate, send, ThreadsWorld, until } from "./threads-world.js";
import { hasOpenssl, selfSigned } from "./tls-world.js";

let world: ThreadsWorld;
const logged: LoggedRequest[] = [];
const warnings: string[] = [];
beforeAll(async () => {
  world = await ThreadsWorld.start({
    metrics: {},
    logger: { info() {}, warn: (_, line) => void warnings.push(line), error() {} },
    requestLog: { sink: { write: (requests) => void logged.push(...requests) } },
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const value = (cells: Int32Array, cell: number) => Atomics.load(cells, cell);

describe("several event loops", () => {
  it("answer at one port, none of them the main thread, over one loaded copy", async () => {
    const count = loaded.length;
    const cells = await world.serve("spread", 1);
    const threads = await world.threads("spread");
    expect(threads.size).toBe(2);
    expect(threads.has(0)).toBe(false);
    expect(loaded.length).toBe(count + 1);
    expect(value(cells, CELLS.attached)).toBe(2);
  });

  it("answer questions about models alike", async () => {
    await world.serve("status", 1);
    world.server.manager.setLabels("status", { stable: 1 });
    const wanted = [{ version: "1", state: "AVAILABLE", status: expect.anything() }];
    for (let i = 0; i < 8; i++) {
      const status = await world.get("/v1/models/status");
      expect(status.body.model_version_status).toEqual(wanted);
      expect((await world.predict("status", "/labels/stable")).status).toBe(200);
      expect((await world.predict("status", "/labels/other")).status).toBe(400);
      expect((await world.get("/v1/models/status/metadata")).status).toBe(200);
      expect((await world.get("/v1/health/ready")).status).toBe(200);
    }
  });

  it("know of a reload, and of labels, when it has ended", async () => {
    await world.serve("renamed", 1, {}, { labels: { first: 1 } });
    await world.reload({ renamed: { labels: { second: 1 } } });
    for (let i = 0; i < 8; i++) {
      expect((await world.predict("renamed", "/labels/second")).status).toBe(200);
      expect((await world.predict("renamed", "/labels/first")).status).toBe(400);
    }
    await world.reload({ renamed: undefined });
    for (let i = 0; i < 8; i++) {
      const { body } = await world.get("/v1/models");
      const names = body.models.map(({ name }: { name: string }) => name);
      expect(names).toContain("status");
      expect(names).not.toContain("renamed");
    }
  });

  it("count together, and log their requests in one place", async () => {
    await world.serve("counted", 1);
    logged.length = 0;
    await world.threads("counted", "", 16);
    const { body } = await world.get("/monitoring/prometheus/metrics");
    expect(body).toContain('request_count{model_name="counted",status="OK"} 16\n');
    expect(body).toContain('version_state{model_name="counted",version="1",state="available"} 1\n');
    expect(body.match(/event_loop_lateness\{quantile="0.5"\}/g)).toHaveLength(1);
    await until(() => logged.length === 16);
    expect(logged[0]).toMatchObject({ api: "Predict", id: { name: "counted", version: 1n } });
  });

  it("report clients of the wrong protocol, of REST and of gRPC", async () => {
    const { port: grpcPort } = await world.server.listenGrpc({ port: 0, host: "127.0.0.1" });
    const sendTo = async (port: number, bytes: string) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(bytes);
      await socket.toArray().catch(() => {});
    };
    await sendTo(world.port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    await sendTo(grpcPort as number, "GET / HTTP/1.1\r\n\r\n");
    const wrong = () => warnings.filter((line) => line.includes("a client"));
    await until(() => wrong().length === 2);
    expect(wrong().sort()).toEqual([
      `REST port ${world.port}: a client speaks HTTP/2, as gRPC clients do; gRPC is served at port ${grpcPort}`,
      `gRPC port ${grpcPort}: a client does not speak HTTP/2, so it may be a REST client; REST is served at port ${world.port}`,
    ]);
  });

  it("swap versions under load without a failed request", async () => {
    await world.serve("swapped", 1, { b: 1 });
    const statuses = new Set<unknown>();
    let isDone = false;
    const asking = Array.from({ length: 8 }, async () => {
      while (!isDone) statuses.add((await world.predict("swapped")).status);
    });
    for (let version = 2; version <= 6; version++) {
      const cells = await world.serve("swapped", version, { b: version });
      await until(() => value(cells, CELLS.running) > 0);
    }
    isDone = true;
    await Promise.all(asking);
    expect([...statuses]).toEqual([200]);
    await until(() => world.states("swapped").length === 1);
    expect((await world.predict("swapped")).body.predictions[0].y).toBe(7);
  });
});

describe("one manager decides for all loops", () => {
  it("T1 a version is available when every loop can answer from it, and before that from none", async () => {
    await world.serve("gated", 1);
    const cells = await world.publish("gated", 2, { isGated: true });
    await until(() => value(cells, CELLS.attached) === 1 && value(cells, CELLS.arrived) === 2);
    for (let i = 0; i < 16; i++) {
      expect((await world.predict("gated", "/versions/2")).status).toBe(404);
    }
    expect((await world.threads("gated", "/versions/1")).size).toBe(2);
    expect(world.states("gated")).toEqual(["2 loading", "1 available"]);
    openGate(cells);
    await world.server.manager.available({ name: "gated", version: 2 });
    expect((await world.threads("gated", "/versions/2")).size).toBe(2);
  });

  it("T2 a version is unloaded when no loop holds it", async () => {
    const cells = await world.serve("held", 1, { isSlow: true });
    const answers = Array.from({ length: 6 }, () => world.predict("held"));
    await until(() => value(cells, CELLS.running) === 6);
    await world.serve("held", 2, { b: 1 });
    await until(() => world.states("held").includes("1 unloading (handles)"));
    expect((await world.predict("held")).body.predictions[0].y).toBe(2);
    expect(value(cells, CELLS.disposed)).toBe(0);
    openGate(cells);
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    await until(() => world.states("held").length === 1);
    expect([value(cells, CELLS.attached), value(cells, CELLS.disposed)]).toEqual([0, 1]);
  });

  it("T3 what fails in one loop fails the version in all, and leaves nothing behind", async () => {
    await world.serve("unattached", 1);
    const attachFailure = "no room in this thread";
    const cells = await world.publish("unattached", 2, { attachFailure });
    await until(() => world.states("unattached")[0] === "2 loading (retry)");
    const [failed] = world.server.manager.states("unattached");
    expect(failed?.error?.message).toContain("no room in this thread");
    expect([value(cells, CELLS.attached), value(cells, CELLS.disposed)]).toEqual([0, 1]);
    expect((await world.threads("unattached")).size).toBe(2);
  });
});

describe("batching", () => {
  it.each([
    ["a model that is shared", true],
    ["a model whose calls go to the main thread", false],
  ])("happens in each loop, for %s", async (what, isShared) => {
    const batched = async () => {
      const { body } = await world.get("/monitoring/prometheus/metrics");
      return Number(/batching_session:input_batch_size_count (\d+)/.exec(body)?.[1] ?? 0);
    };
    const before = await batched();
    const batching = { slots: 1, maxBatchSize: 32 };
    const cells = await world.serve(what, 1, { isShared, isSlow: true, b: 1 }, { batching });
    const answers = Array.from({ length: 24 }, () => world.predict(encodeURIComponent(what)));
    // What arrives first in a loop runs at once; what comes meanwhile runs together.
    const of = `model_name="${what}",version="1",signature_name="serving_default"`;
    await until(async () => {
      const { body } = await world.get("/monitoring/prometheus/metrics");
      const [, queued] = new RegExp(`enqueued_tasks{${of}} (\\d+)`).exec(body) ?? [];
      const [, running] = new RegExp(`rows_total{${of},kind="call"} (\\d+)`).exec(body) ?? [];
      return Number(queued) + Number(running) === 24;
    });
    expect(value(cells, CELLS.running)).toBe(2);
    openGate(cells);
    for (const { body } of await Promise.all(answers)) expect(body.predictions[0].y).toBe(2);
    expect(value(cells, CELLS.running)).toBeLessThanOrEqual(4);
    expect((await batched()) - before).toBe(24);
  });

  it("happens in each loop as TF Serving's batching parameters say, of signatures too", async () => {
    const { options } = parseBatchingParameters({ max_batch_size: 4, num_batch_threads: 1 });
    const { slots: _, ...own } = options;
    const batching = { ...options, signatures: { serving_default: { ...own, maxBatchSize: 2 } } };
    await world.serve("parameters", 1, {}, { batching });
    // Fewer calls than the queue of one loop takes, however slowly they run.
    expect((await world.threads("parameters", "", 8)).has(0)).toBe(false);
    const instances = [1, 2, 3];
    const { status, body } = await world.predict("parameters", "", { instances });
    expect([status, body.error]).toEqual([400, expect.stringContaining("input batch size 2")]);
  });

  it("stays in the main thread if its options cannot be cloned", async () => {
    const slots = new AdaptiveSlots();
    await world.serve("own slots", 1, {}, { batching: { slots, maxBatchSize: 8 } });
    expect([...(await world.threads("own%20slots", "", 4)).keys()]).toEqual([0]);
  });
});

describe("a model that cannot be shared", () => {
  it("runs in the main thread, whichever loop is asked", async () => {
    await world.serve("remote", 1, { isShared: false, b: 1 });
    expect([...(await world.threads("remote"))]).toEqual([[0, 32]]);
    const { body } = await world.predict("remote", "", { instances: [1, 2.5] });
    expect(body.predictions).toEqual([
      { y: 2, thread: 0 },
      { y: 3.5, thread: 0 },
    ]);
    const texts = { signature_name: "text", instances: ["a", "", "ö€"] };
    expect((await world.predict("remote", "", texts)).body.predictions).toEqual(["a", "", "ö€"]);
    const unfit = { signature_name: "none", instances: [1] };
    expect((await world.predict("remote", "", unfit)).status).toBe(400);
  });

  it("is notified when the client has disconnected", async () => {
    const cells = await world.serve("left", 1, { isShared: false, isSlow: true });
    const controller = new AbortController();
    const body = '{"instances":[1]}';
    const path = "/v1/models/left:predict";
    const asked = send(world.port, "POST", path, body, controller.signal).catch(() => "gone");
    await until(() => value(cells, CELLS.running) === 1);
    controller.abort();
    expect(await asked).toBe("gone");
    await until(() => value(cells, CELLS.aborted) === 1);
  });
});

describe("listening in every loop", () => {
  it.skipIf(!hasOpenssl())("is over TLS if enabled (needs openssl)", async () => {
    await world.serve("secure", 1);
    const { key, cert } = selfSigned(world.path, "server");
    const ssl = { serverKey: key.toString(), serverCert: cert.toString() };
    const { port } = await world.server.listen({ port: 0, host: "127.0.0.1", ssl });
    for (let i = 0; i < 8; i++) {
      const options = { port, host: "localhost", path: "/v1/models/secure", ca: cert };
      const sent = get({ ...options, agent: false });
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      await once(response.resume(), "end");
    }
    const grpc = await world.server.listenGrpc({ port: 0, host: "127.0.0.1", ssl });
    for (let i = 0; i < 8; i++) {
      using client = new GrpcClient(`localhost:${grpc.port}`, credentials.createSsl(cert));
      expect(await client.health("secure")).toBe(1);
    }
  });

  it("keeps unix sockets in the main thread", async () => {
    await world.serve("near", 1);
    const { socketPath } = await world.server.listen({ socketPath: `${world.path}/rest.sock` });
    const sent = request({ socketPath, method: "POST", path: "/v1/models/near:predict" });
    sent.end('{"instances":[1]}');
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(JSON.parse(await text(response)).predictions[0].thread).toBe(0);
    const both = { port: 0, host: "127.0.0.1", socketPath: `${world.path}/grpc.sock` };
    const listening = await world.server.listenGrpc(both);
    expect(listening).toEqual({ port: expect.any(Number), socketPath: both.socketPath });
    for (const address of [`unix:${both.socketPath}`, `127.0.0.1:${listening.port}`]) {
      using client = new GrpcClient(address);
      expect(await client.health("near")).toBe(1);
    }
  });

  it("does not mention a log of an unexpected error if the server has no logger", async () => {
    await world.serve("careless", 1);
    const throws = { signature_name: "throws", instances: [1] };
    const { status, body } = await world.predict("careless", "", throws);
    const error = expect.stringMatching(/^internal error; the log of the server has it as /);
    expect([status, body]).toEqual([500, { error }]);
  });

  it("reports a port in use with Node's own error", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const taken = { code: "EADDRINUSE" };
    await expect(world.server.listen({ port, host: "127.0.0.1" })).rejects.toMatchObject(taken);
    await expect(world.server.listenGrpc({ port, host: "127.0.0.1" })).rejects.toMatchObject(taken);
    await expect(
      world.server.listen({ port: world.port, host: "127.0.0.1" }),
    ).rejects.toMatchObject(taken);
    other.close();
  });
});

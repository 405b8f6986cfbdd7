import { specific } from "@serving-kit/source-filesystem";
import { describe, expect, it } from "vitest";
import { GrpcClient } from "./grpc-client.js";
import { CELLS } from "./threads-platform.js";
import { openGate, ThreadsWorld, until } from "./threads-world.js";
import { createModelServer } from "./whole-server.js";

const value = (cells: Int32Array, cell: number) => Atomics.load(cells, cell);

/** The thread that answers a prediction over a gRPC connection of its own. */
async function grpcThread(port: number): Promise<number> {
  using client = new GrpcClient(`127.0.0.1:${port}`);
  const x = { dtype: "DT_FLOAT", tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] };
  const { outputs } = await client.predict({ model_spec: { name: "m" }, inputs: { x } });
  return (outputs as { thread: { int_val: [number] } }).thread.int_val[0];
}

describe("a loop that ends", () => {
  it("T4 is replaced, while the others go on; the new one answers from all versions", async () => {
    const lines: string[] = [];
    const note = (_fields: object, message: string) => void lines.push(message);
    await using world = await ThreadsWorld.start({
      logger: { info: () => {}, warn: note, error: note },
      metrics: {},
    });
    const counted = async () => {
      const { body } = await world.get("/monitoring/prometheus/metrics");
      return Number(/request_count{model_name="m",status="OK"} (\d+)/.exec(body)?.[1]);
    };
    const cells = await world.serve("m", 1, { b: 1 });
    const before = await world.threads("m");
    expect(await counted()).toBe(32);
    const crash = { signature_name: "crash", instances: [1] };
    await expect(world.predict("m", "", crash)).rejects.toMatchObject({ code: "ECONNRESET" });
    await until(() => lines.length > 1);
    expect(lines).toEqual([
      "model m version 1: uncaught exception: nobody catches this; draining before the exit",
      "an event loop of the server has ended with exit code 1; another replaces it",
    ]);
    for (let i = 0; i < 8; i++) expect((await world.predict("m")).status).toBe(200);
    expect(await counted()).toBe(40);
    await until(async () => (await world.threads("m")).size === 2);
    const after = await world.threads("m");
    const replaced = [...after.keys()].filter((thread) => !before.has(thread));
    expect(replaced).toHaveLength(1);
    // What the dead one held is taken back.
    expect(value(cells, CELLS.attached)).toBe(2);
    await world.serve("m", 2);
    await until(() => world.states("m").length === 1);
    expect([value(cells, CELLS.attached), value(cells, CELLS.disposed)]).toEqual([0, 1]);
  });
});

describe("an address that the loops could not listen at", () => {
  it("is none that a loop instead of another has to listen at", async () => {
    const lines: string[] = [];
    const error = (_fields: object, message: string) => void lines.push(message);
    await using world = await ThreadsWorld.start({
      logger: { info: () => {}, warn: () => {}, error },
    });
    await world.serve("m", 1);
    const address = { port: 0, host: "127.0.0.1" };
    const { port = 0 } = await world.server.listenGrpc(address);
    const ssl = { serverKey: "no key", serverCert: "" };
    const channelArguments = { "grpc-node.flow_control_window": 1 };
    for (const wrong of [{ ssl }, { channelArguments }]) {
      const listening = world.server.listenGrpc({ ...address, ...wrong });
      await expect(listening).rejects.toMatchObject({ reason: "CONFIG_INVALID" });
    }
    const before = await world.threads("m");
    const crash = { signature_name: "crash", instances: [1] };
    await expect(world.predict("m", "", crash)).rejects.toThrow();
    // The new one has been everywhere when it answers there.
    await until(async () => !before.has(await grpcThread(port)));
    expect((await world.threads("m")).size).toBe(2);
    expect(lines).toEqual([
      expect.stringContaining("draining before the exit"),
      expect.stringContaining("another replaces it"),
    ]);
  });
});

describe("close", () => {
  it("rejects new requests in every loop, drains all, then frees the port and unloads", async () => {
    await using world = await ThreadsWorld.start();
    const cells = await world.serve("m", 1, { isSlow: true });
    const asked = Array.from({ length: 8 }, () => world.predict("m"));
    await until(() => value(cells, CELLS.running) === 8);
    const closed = world.server.close();
    await until(async () => (await world.get("/v1/health/ready")).status === 503);
    const refused = await world.predict("m");
    expect(refused).toEqual({ status: 503, body: { error: "the server is shutting down" } });
    expect(value(cells, CELLS.disposed)).toBe(0);
    openGate(cells);
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
    await closed;
    expect([value(cells, CELLS.attached), value(cells, CELLS.disposed)]).toEqual([0, 1]);
    await expect(world.get("/v1/models/m")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("aborts requests in flight at the deadline, in the main thread too", async () => {
    await using world = await ThreadsWorld.start();
    await world.serve("shared", 1, { isSlow: true });
    const remote = await world.serve("remote", 1, { isSlow: true, isShared: false });
    const asked = ["shared", "remote"].map((name) => world.predict(name).catch(() => "cut off"));
    await until(() => value(remote, CELLS.running) === 1);
    const closed = world.server.close({ deadlineMs: 50 });
    expect(await Promise.all(asked)).toEqual(["cut off", "cut off"]);
    await closed;
  });

  it("waits at most until the deadline for a run that ignores its signal, then stops listening", async () => {
    await using world = await ThreadsWorld.start();
    const cells = await world.serve("m", 1);
    const never = { signature_name: "never", instances: [1] };
    const asked = world.predict("m", "", never).catch(() => "cut off");
    await until(() => value(cells, CELLS.running) === 1);
    await world.server.close({ deadlineMs: 50 });
    expect(await asked).toBe("cut off");
    expect([value(cells, CELLS.attached), value(cells, CELLS.disposed)]).toEqual([0, 1]);
    for (const listening of [world.server.listen(), world.server.listenGrpc()]) {
      await expect(listening).rejects.toMatchObject({ reason: "SERVER_CLOSING" });
    }
  });
});

describe("a version that a loop could not let go of", () => {
  it("is answered from again when it comes back", async () => {
    await using world = await ThreadsWorld.start();
    const versionPolicy = (version: number) => ({ m: { versionPolicy: specific([version]) } });
    await world.serve("m", 1, { b: 1 });
    await world.serve("m", 2, { b: 2, isStuck: true });
    await world.reload(versionPolicy(1));
    await until(() => world.states("m").join() === "1 available");
    await world.reload(versionPolicy(2));
    expect(world.states("m")).toContain("2 available");
    expect((await world.threads("m", "/versions/2")).size).toBe(2);
  });
});

describe("gRPC in every loop", () => {
  it("answers at one port, reloads in the main thread and ends with the server", async () => {
    await using world = await ThreadsWorld.start();
    await world.serve("m", 1);
    const { port } = await world.server.listenGrpc({ port: 0, host: "127.0.0.1" });
    const threads = new Set<number>();
    for (let i = 0; i < 24; i++) threads.add(await grpcThread(port as number));
    expect(threads.size).toBe(2);
    using client = new GrpcClient(`127.0.0.1:${port}`);
    expect(await client.health()).toBe(1);
    const metric_names = ["/tensorflow/serving/request_count"];
    const reload = { config: { model_config_list: { config: [] } }, metric_names };
    const answer = await client.call("ModelService/HandleReloadConfigRequest", reload);
    expect(answer.metric).toMatchObject([{ name: metric_names[0], int64_value_increase: "0" }]);
    expect(world.server.manager.listAvailable()).toEqual([]);
    await world.server.close();
    await expect(client.health()).rejects.toThrow();
  });
});

describe("threads", () => {
  it("that cannot start are an error with its cause, and none is left behind", async () => {
    const threads = { count: 2, platforms: "file:///no/such/module.js", reusePortSocket: () => 0 };
    await expect(createModelServer({ platforms: [], threads })).rejects.toMatchObject({
      reason: "THREADS_NOT_STARTED",
      message: expect.stringContaining("/no/such/module.js"),
    });
  });

  it("must be at least one", async () => {
    await expect(createModelServer({ platforms: [], threads: 0 })).rejects.toThrow("threads");
  });
});

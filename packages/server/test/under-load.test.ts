import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import type { BatchedPredictor } from "@serving-kit/batching";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { gate } from "./fixture-platform.js";
import { GrpcClient } from "./grpc-client.js";
import { grpcCaller, Load, restCaller } from "./load.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world[Symbol.asyncDispose]());

const x = { dtype: 1, tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] };
const host = "127.0.0.1";

/** The server's addresses, and six callers of each API that never cease to ask for a model. */
async function loadOn(server: ModelServer, name: string) {
  const rest = await server.listen({ port: 0, host });
  const grpc = await server.listenGrpc({ port: 0, host });
  const address = `${host}:${grpc.port}`;
  const url = `http://${host}:${rest.port}/v1/models/${name}:predict`;
  const callers = Array.from({ length: 6 }, () => [
    restCaller(url, '{"instances":[1]}'),
    grpcCaller(address, name, { x }),
  ]);
  return { load: new Load(callers.flat()), address };
}

describe("a reload under load", () => {
  it("fails no request of a model that stays, while the others change", async () => {
    for (const name of ["m", "other"])
      for (const version of [1, 2]) await world.publish(name, version);
    const server = await world.serve(["m", "other"]);
    const model = (name: string, rest = {}) => ({
      name,
      basePath: join(world.path, name),
      ...rest,
    });
    const { load, address } = await loadOn(server, "m");
    const configurations = [
      [model("m")],
      [model("m", { versionPolicy: { kind: "all" } }), model("other")],
      [model("m", { versionPolicy: { kind: "specific", versions: [1n] } })],
      [model("m", { versionPolicy: { kind: "specific", versions: [2n] }, labels: { stable: 2 } })],
      [model("other"), model("m", { batching: true }), model("absent")],
      [model("m"), model("other")],
    ];
    for (const models of [...configurations, ...configurations]) {
      await load.more(50);
      await server.reload(models);
    }
    using client = new GrpcClient(address);
    for (const name of ["other", "m"]) {
      await load.more(50);
      const config = ["m", name].map((of) => ({ name: of, base_path: join(world.path, of) }));
      await client.call("ModelService/HandleReloadConfigRequest", {
        config: { model_config_list: { config: name === "m" ? config.slice(1) : config } },
      });
    }
    await load.more(50);
    await load[Symbol.asyncDispose]();
    expect(load.ends).toEqual(["ok"]);
  });

  it("replaces the folder of a model without a failed request", async () => {
    for (const [name, b] of [
      ["m", 1],
      ["n", 2],
    ] as const)
      await world.publish(name, 1, { b });
    const server = await world.serve(["m"]);
    const { load } = await loadOn(server, "m");
    for (const folder of ["n", "m", "n", "m"]) {
      await load.more(50);
      await world.publish(folder, Date.now() % 1e9);
      await server.reload([{ name: "m", basePath: join(world.path, folder) }]);
    }
    await load.more(50);
    await load[Symbol.asyncDispose]();
    expect(load.ends).toEqual(["ok"]);
  });
});

describe("close under load", () => {
  it("answers every request that was begun, over REST and gRPC", async () => {
    await world.publish("m", 1, { waits: true });
    const server = await world.serve(["m"]);
    const { load } = await loadOn(server, "m");
    const opening = setInterval(gate.open, 20);
    await load.more(30);
    while (gate.waiting.size < 12) await new Promise((resolve) => setImmediate(resolve));
    const closedAtMs = performance.now();
    await server.close();
    await load.stop();
    clearInterval(opening);
    await load[Symbol.asyncDispose]();
    expect(load.endsBefore(closedAtMs)).toEqual(["ok"]);
    expect(load.ends.length).toBeGreaterThan(1);
  });
});

it("PS6 close answers requests arriving on idle connections with 503, instead of closing the connections", async () => {
  await world.publish("m", 1);
  const server = await world.serve(["m"]);
  const { port } = await server.listen({ port: 0, host });
  const body = '{"instances":[1]}';
  const head = `POST /v1/models/m:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
  const sockets = Array.from({ length: 20 }, () => connect(port, host).setEncoding("latin1"));
  for (const socket of sockets) socket.write(head + body);
  for (const answer of await Promise.all(sockets.map((socket) => once(socket, "data")))) {
    expect(answer[0]).toMatch(/^HTTP\/1\.1 200 /);
  }
  const answers = sockets.map(async (socket) => (await socket.toArray()).join(""));
  for (const socket of sockets) socket.write(head + body);
  await server.close();
  for (const answer of answers) {
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nConnection: close\r\n/);
  }
});

/** A call that can be left before it is answered, and how it ended. */
interface Call {
  leave(): void;
  readonly ended: Promise<number | string>;
}

describe("a client that disconnects", () => {
  it.each(["REST", "gRPC"])("frees its place in the batch queue, over %s", async (api) => {
    await world.publish("m", 1, { waits: true });
    const batching = { maxBatchSize: 1, maxEnqueuedBatches: 2, slots: 1 };
    const server = await world.serve(["m"], { batching });
    const rest = await server.listen({ port: 0, host });
    const grpc = await server.listenGrpc({ port: 0, host });
    using client = new GrpcClient(`${host}:${grpc.port}`);
    const overRest = (): Call => {
      const asked = request({
        ...rest,
        path: "/v1/models/m:predict",
        method: "POST",
        agent: false,
      });
      asked.end('{"instances":[1]}');
      const ended = once(asked, "response").then(
        ([response]) => response.resume().statusCode,
        () => "gone",
      );
      return { leave: () => asked.destroy(), ended };
    };
    const overGrpc = (): Call => {
      const { call, answer } = client.begin({ model_spec: { name: "m" }, inputs: { x } });
      const STATUS: Record<number, number | string> = { 1: "gone", 14: 503 };
      const ended = answer.then(
        () => 200,
        ({ code }) => STATUS[code] ?? code,
      );
      return { leave: () => call.cancel(), ended };
    };
    const begin = api === "REST" ? overRest : overGrpc;
    const { servable } = server.manager.acquire({ name: "m" });
    const queue = () => (servable as BatchedPredictor).stats()[0];
    const until = async (holds: () => boolean) => {
      while (!holds()) await new Promise((resolve) => setImmediate(resolve));
    };

    const running = begin();
    await until(() => gate.waiting.size === 1);
    const queued = [begin(), begin()];
    await until(() => queue()?.numEnqueuedTasks === 2);
    expect(await begin().ended).toBe(503); // the queue is full
    for (const { leave } of queued) leave();
    await until(() => queue()?.numEnqueuedTasks === 0);
    expect(await Promise.all(queued.map(({ ended }) => ended))).toEqual(["gone", "gone"]);
    const later = [begin(), begin()];
    await until(() => queue()?.numEnqueuedTasks === 2);
    const opening = setInterval(gate.open, 1);
    expect(await Promise.all([running, ...later].map(({ ended }) => ended))).toEqual([
      200, 200, 200,
    ]);
    clearInterval(opening);
    expect(queue()).toMatchObject({ succeeded: 3, aborted: 2, batches: 3 });
  });
});

import { mkdir, utimes } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { fixturePlatform, hanging } from "./fixture-platform.js";
import { createModelServer } from "./whole-server.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world[Symbol.asyncDispose]());

const listening = async (server: ModelServer) => {
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  return `http://127.0.0.1:${port}`;
};
const predict = (base: string, body = '{"instances":[1]}', init: RequestInit = {}) =>
  fetch(`${base}/v1/models/m:predict`, { method: "POST", body, ...init });
const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
};

it("logs a version that is being copied as information, not as a warning", async () => {
  const told: string[] = [];
  const tell = (level: string) => (_: object, line: string) => told.push(`${level} ${line}`);
  const logger = { info: tell("info"), warn: tell("warn"), error: tell("error") };
  await world.publish("m", 1);
  await world.serve(["m"], { logger, settleMs: 500 });
  expect(told.filter((line) => /^(?!info ).*not complete yet/.test(line))).toEqual([]);
});

describe("start-up", () => {
  const start = (
    models: { name: string; basePath: string }[],
    startUpPolicy: "all" | "any" | "none",
  ) => createModelServer({ platforms: [fixturePlatform()], models, startUpPolicy, settleMs: 0 });
  const model = (name: string) => ({ name, basePath: `${world.path}/${name}` });

  it("with all: rejects with every model's error and leaves nothing behind", async () => {
    await world.publish("m", 1);
    await world.publish("broken", 1, { failure: "bad weights" });
    await expect(
      start([model("m"), model("broken"), model("absent")], "all"),
    ).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "START_UP_FAILED",
      message: expect.stringMatching(/model broken: .*bad weights; model absent: .*\/absent/),
    });
  });

  it("with any: resolves when one is available, rejects when none is", async () => {
    await world.publish("m", 1);
    await using server = await start([model("m"), model("absent")], "any");
    expect(server.manager.listAvailable()).toEqual([{ name: "m", version: 1n }]);
    await expect(start([model("absent")], "any")).rejects.toMatchObject({
      reason: "START_UP_FAILED",
    });
  });

  it("with none: resolves immediately", async () => {
    await using server = await start([model("absent")], "none");
    expect(server.manager.listAvailable()).toEqual([]);
  });

  it("does not wait for a version whose copy was aborted, and lists it next to those that serve", async () => {
    await world.publish("m", 1);
    for (const version of ["m/2", "cut/1"]) {
      const folder = `${world.path}/${version}`;
      await mkdir(folder, { recursive: true });
      // Old enough to have stalled.
      await utimes(folder, 0, 0);
    }
    await using server = await start([model("m"), model("cut")], "any");
    const base = await listening(server);
    expect((await predict(base)).status).toBe(200);
    const status = await (await fetch(`${base}/v1/models/m`)).json();
    const message = expect.stringContaining("its files no longer change: it has no files");
    const stalled = { error_code: "FAILED_PRECONDITION", error_message: message };
    expect(status).toEqual({
      model_version_status: [
        { version: "2", state: "END", status: stalled },
        { version: "1", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
      ],
    });
    expect((await fetch(`${base}/v1/models/cut`)).status).toBe(200);
  });

  it("reports which versions no platform accepts", async () => {
    await world.publish("m", 1);
    const models = [model("m")];
    await expect(createModelServer({ platforms: [], models, settleMs: 0 })).rejects.toThrow(
      /model m: no platform accepts .*\/m\/1; the server has none/,
    );
  });

  it("rejects a label of a version that is not available by default", async () => {
    await world.publish("m", 1);
    const options = { models: [{ ...model("m"), labels: { next: 2 } }] };
    await expect(world.serve([], options)).rejects.toThrow(
      "Request to assign label to version 2 of model m, which is not currently available for inference",
    );
    const server = await world.serve([], {
      ...options,
      allowVersionLabelsForUnavailableModels: true,
    });
    expect(server.manager.labels("m").get("next")).toEqual({ pending: 2n });
  });
});

describe("reload", () => {
  it("replaces all models, and says of each the outcome of it", async () => {
    for (const name of ["a", "b"]) await world.publish(name, 1);
    const server = await world.serve(["a"]);
    const model = (name: string) => ({ name, basePath: `${world.path}/${name}` });
    const outcomes = await server.reload([model("b"), model("absent")]);
    expect(outcomes).toEqual([
      { name: "b" },
      { name: "absent", error: expect.objectContaining({ reason: "BASE_PATH_UNREACHABLE" }) },
    ]);
    await until(() => server.manager.listAvailable().length === 1);
    expect(server.manager.listAvailable()).toEqual([{ name: "b", version: 1n }]);
  });

  it("changes nothing when the configuration is wrong", async () => {
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    const twice = { name: "m", basePath: `${world.path}/m` };
    await expect(server.reload([twice, twice])).rejects.toThrow(
      "Illegal to list model m multiple times in config list",
    );
    await expect(server.reload([{ ...twice, platform: "fixtura" }])).rejects.toThrow(
      "Model m requests unsupported platform fixtura",
    );
    expect(server.manager.listAvailable()).toHaveLength(1);
  });

  it("serves a new version without a failed request", async () => {
    await world.publish("m", 1, { b: 1 });
    const server = await world.serve(["m"]);
    const base = await listening(server);
    const statuses = new Set<number>();
    let isDone = false;
    const asking = Array.from({ length: 4 }, async () => {
      while (!isDone) {
        const response = await predict(base);
        statuses.add(response.status);
        await response.text();
      }
    });
    for (let version = 2; version <= 5; version++) {
      await world.publish("m", version, { b: version });
      await server.poll();
      await server.manager.available({ name: "m", version });
    }
    isDone = true;
    await Promise.all(asking);
    expect([...statuses]).toEqual([200]);
    expect(await (await predict(base)).text()).toBe('{"predictions":[5.5]}');
  });
});

describe("close", () => {
  it("rejects new requests with 503 and is not ready while it drains, then frees the port", async () => {
    await world.publish("m", 1, { hangs: true });
    const server = await world.serve(["m"]);
    const base = await listening(server);
    const controller = new AbortController();
    const { begun, aborted } = hanging;
    const asked = predict(base, undefined, { signal: controller.signal }).catch(() => "gone");
    await until(() => hanging.begun > begun);
    const closed = server.close();
    const refused = await predict(base);
    expect([refused.status, refused.headers.get("connection")]).toEqual([503, "close"]);
    expect(await refused.json()).toEqual({ error: "the server is shutting down" });
    expect((await fetch(`${base}/v1/health/ready`)).status).toBe(503);
    expect((await fetch(`${base}/v1/health/live`)).status).toBe(200);
    controller.abort();
    expect(await asked).toBe("gone");
    await closed;
    expect(hanging.aborted).toBe(aborted + 1);
    await expect(predict(base)).rejects.toThrow();
    expect(server.close()).toBe(server.close());
  });

  it("aborts requests in flight at the deadline", async () => {
    await world.publish("m", 1, { hangs: true });
    const server = await world.serve(["m"]);
    const base = await listening(server);
    const { begun } = hanging;
    const asked = predict(base).then(
      ({ status }) => status,
      () => "cut off",
    );
    await until(() => hanging.begun > begun);
    await server.close({ deadlineMs: 20 });
    expect(await asked).toBe("cut off");
  });

  it("closes a server that nothing was asked of, and lets the process end", async () => {
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    await listening(server);
    await server.close();
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ reason: "SERVER_CLOSING" });
  });

  it("reports a port in use with Node's own error", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const server = await world.serve([]);
    const { port } = other.address() as AddressInfo;
    await expect(server.listen({ port, host: "127.0.0.1" })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    other.close();
  });
});

describe("clients that go", () => {
  it("abort their prediction", async () => {
    await world.publish("m", 1, { hangs: true });
    const server = await world.serve(["m"]);
    const base = await listening(server);
    const { begun, aborted } = hanging;
    const request = httpRequest(`${base}/v1/models/m:predict`, { method: "POST" });
    request.on("error", () => {});
    request.end('{"instances":[1]}');
    await until(() => hanging.begun > begun);
    request.destroy();
    await until(() => hanging.aborted === aborted + 1);
  });

  it("may go in the middle of the body", async () => {
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    const base = await listening(server);
    const socket = connect(Number(new URL(base).port), "127.0.0.1");
    socket.write(
      "POST /v1/models/m:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    expect((await predict(base)).status).toBe(200);
    await server.close();
  });

  it("wait at most timeoutMs: the deadline of the prediction", async () => {
    await world.publish("m", 1, { hangs: true });
    const clock = new FakeClock(1_000);
    const server = await world.serve(["m"], { rest: { timeoutMs: 5_000 }, clock });
    const { begun } = hanging;
    const asked = predict(await listening(server)).catch(() => {});
    await until(() => hanging.begun > begun);
    expect(hanging.deadlineAtMs).toBe(6_000);
    const closed = server.close({ deadlineMs: 1 });
    await clock.advance(1);
    await Promise.all([closed, asked]);
  });
});

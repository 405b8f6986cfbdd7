import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import { ThreadsWorld, until as untilThreads } from "./threads-world.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world[Symbol.asyncDispose]());

const until = async (condition: () => Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
};

type Status = { version: string; state: string; status: { error_message: string } };

/** The states of a model as REST reports them: `["2 START: …", "1 AVAILABLE"]`. */
async function statesOf(server: ModelServer, name = "m"): Promise<string[]> {
  const response = await server.fetch(new Request(`http://localhost/v1/models/${name}`));
  if (response.status !== 200) return [String(response.status)];
  const { model_version_status } = (await response.json()) as { model_version_status: Status[] };
  return model_version_status.map(({ version, state, status }) =>
    [`${version} ${state}`, status.error_message].filter(Boolean).join(": "),
  );
}

describe("a version that ended", () => {
  it("is END after an unload, and with its error when it had failed", async () => {
    await world.publish("m", 1);
    const server = await world.serve(["m"], { manager: { maxLoadRetries: 0 } });
    await world.publish("m", 2);
    await server.manager.available({ name: "m", version: 2 });
    await until(async () => (await statesOf(server))[1] === "1 END");
    expect(await statesOf(server)).toEqual(["2 AVAILABLE", "1 END"]);

    await world.publish("m", 3, { failure: "no weights" });
    const failed = expect.stringMatching(/^3 END: loading .* failed: no weights$/);
    await until(async () => (await statesOf(server)).length === 3);
    await until(async () => /END/.test((await statesOf(server))[0] ?? ""));
    expect(await statesOf(server)).toEqual([failed, "2 AVAILABLE", "1 END"]);
    await rm(join(world.path, "m", "3"), { recursive: true });
    await server.poll();
    expect(server.manager.states("m")).toHaveLength(1);
    expect(await statesOf(server)).toEqual([failed, "2 AVAILABLE", "1 END"]);
  });

  it("stays END, over gRPC too, when its model was removed, which is listed no more", async () => {
    await world.publish("m", 1);
    await world.publish("n", 1);
    const server = await world.serve(["m", "n"]);
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    await server.reload([{ name: "n", basePath: join(world.path, "n") }]);
    await until(async () => (await statesOf(server))[0] === "1 END");
    using client = new GrpcClient(`127.0.0.1:${port}`);
    expect(
      await client.call("ModelService/GetModelStatus", { model_spec: { name: "m" } }),
    ).toMatchObject({ model_version_status: [{ version: "1", state: 50 }] });
    await expect(client.health("m")).rejects.toMatchObject({ code: 5 });
    const list = await server.fetch(new Request("http://localhost/v1/models"));
    const { models } = (await list.json()) as { models: { name: string }[] };
    expect(models.map(({ name }) => name)).toEqual(["n"]);

    await server.reload(["m", "n"].map((name) => ({ name, basePath: join(world.path, name) })));
    expect(await statesOf(server)).toEqual(["1 AVAILABLE"]);
    expect(await statesOf(server, "nosuch")).toEqual(["404"]);
  });

  it("is END in every event loop", async () => {
    await using threads = await ThreadsWorld.start();
    await threads.serve("m", 1);
    await threads.reload({ m: undefined });
    const states = async () => {
      const { status, body } = await threads.get("/v1/models/m");
      return status === 200 ? body.model_version_status.map((one: Status) => one.state) : [];
    };
    await untilThreads(async () => (await states())[0] === "END");
    for (let i = 0; i < 16; i++) expect(await states()).toEqual(["END"]);
  });
});

describe("a version that is being copied", () => {
  it("is START with the reason, then END with it, and leaves END when its files change", async () => {
    const clock = new FakeClock();
    await mkdir(join(world.path, "m", "1"), { recursive: true });
    const server = await world.serve(["m"], {
      clock,
      watch: false,
      settleMs: 1_000,
      startUpPolicy: "none",
    });
    await server.poll();
    const reason = (state: string) =>
      expect.stringMatching(new RegExp(`^1 ${state}: .* is not complete.*: it has no files`));
    expect(await statesOf(server)).toEqual([reason("START")]);
    await clock.advance(10_900);
    await server.poll();
    expect(await statesOf(server)).toEqual([reason("START")]);
    const later = async () => {
      await clock.advance(100);
      await server.poll();
      return statesOf(server);
    };
    await expect.poll(later).toEqual([reason("END")]);

    await writeFile(join(world.path, "m", "1", "model.json"), "{}");
    await server.poll();
    expect(await statesOf(server)).toEqual([
      expect.stringMatching(/^1 START: .*its files are still changing/),
    ]);
    await clock.advance(1_000);
    await server.poll();
    await until(async () => (await statesOf(server))[0] === "1 AVAILABLE");
  });
});

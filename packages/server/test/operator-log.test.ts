import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelConfig, ModelOutcome } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import type { WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

let world: World;
let lines: string[];
beforeEach(async () => {
  lines = [];
  world = await World.create();
  for (const name of ["a", "b"]) await world.publish(name, 1);
});
afterEach(() => world[Symbol.asyncDispose]());

const model = (name: string): ModelConfig => ({ name, basePath: join(world.path, name) });
const tell = (level: string) => (_: object, message: string) => void lines.push(level + message);
const logger = { info: tell("  "), warn: tell("? "), error: tell("! ") };
const serve = (names: string[], options: Partial<WholeServerOptions> = {}) =>
  world.serve(names, { logger, ...options });
/** The log lines that a version's ordinary lifecycle does not explain. */
const remarkable = () => lines.filter((line) => !/^ {2}model \w+ version \d+: \w+$/.test(line));

describe("the log of the server", () => {
  it("has each version's states, each failure with its model, and a label that cannot be set", async () => {
    await world.publish("broken", 1, { failure: "bad weights" });
    const models = [{ ...model("a"), labels: { stable: 7 } }, model("b"), model("broken")];
    await serve([], { models, manager: { maxLoadRetries: 1, loadRetryDelayMs: 0 } });
    expect(lines).toEqual(
      expect.arrayContaining([
        ...["start", "loading", "available"].map((state) => `  model b version 1: ${state}`),
        expect.stringMatching(
          /^! model broken version 1: attempt 1 failed, retry in 0 s: .*bad weights/,
        ),
        expect.stringMatching(/^! model a: Request to assign label to version 7 of model a/),
      ]),
    );
    expect(lines.filter((line) => line.includes("label"))).toHaveLength(1);
  });

  it("has a reload over gRPC with its outcome, and why it was rejected", async () => {
    const server = await serve(["a"]);
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    using client = new GrpcClient(`127.0.0.1:${port}`);
    const reload = (...config: object[]) =>
      client.call("ModelService/HandleReloadConfigRequest", {
        config: { model_config_list: { config } },
      });
    const message = (name: string) => ({ name, base_path: join(world.path, name) });
    lines.length = 0;
    await reload(message("b"));
    const where = "HandleReloadConfigRequest";
    const named = `"b" at ${JSON.stringify(join(world.path, "b"))}`;
    const by = expect.stringMatching(
      new RegExp(`^  ${where} by 127\\.0\\.0\\.1:\\d+: reloading 1 models: ${named}$`),
    );
    expect(remarkable()).toEqual([by, `  ${where}: 1 of 1 models are as configured`]);
    lines.length = 0;
    await expect(reload(message("b"), message("b"))).rejects.toThrow("multiple times");
    expect(remarkable()).toEqual([
      expect.stringMatching(`reloading 2 models: ${named}, ${named}$`),
      expect.stringMatching(
        /^! HandleReloadConfigRequest by \S+: the models stay as they are: Illegal to list model b multiple times in config list$/,
      ),
    ]);

    // What a client names forges no line.
    lines.length = 0;
    const forged = { name: "x", base_path: "/etc/\n! all is well" };
    await expect(reload(forged)).rejects.toMatchObject({ code: 7 });
    expect(remarkable()).toHaveLength(2);
    expect(remarkable()[0]).toContain('"x" at "/etc/\\n! all is well"');
    lines.length = 0;
    await expect(reload({ name: "x", base_path: "etc\n! all is well" })).rejects.toMatchObject({
      code: 3,
    });
    expect(remarkable()).toEqual([
      expect.stringMatching(
        /^! HandleReloadConfigRequest by \S+: the models stay as they are: .*base_path\(\)=etc\\n! all is well$/,
      ),
    ]);
  });
});

describe("a reload that comes during the start", () => {
  /** Starts a server of `a` with reloads before it looks for models. */
  async function during(reload: (server: { reload: Reload }) => Promise<void>) {
    return serve(["a"], { beforeStart: reload });
  }
  type Reload = (
    models: readonly ModelConfig[],
    options: { timeoutMs?: number; signal?: AbortSignal },
  ) => Promise<ModelOutcome[]>;
  const available = (server: Awaited<ReturnType<typeof serve>>) =>
    server.manager.listAvailable().map(({ name }) => name);

  it("waits at most its timeout, and takes effect when the start is over", async () => {
    let outcomes: ModelOutcome[] | undefined;
    const server = await during(async (starting) => {
      outcomes = await starting.reload([model("b")], { timeoutMs: 0 });
    });
    expect(outcomes).toEqual([
      { name: "b", error: expect.objectContaining({ reason: "MODEL_NOT_SETTLED" }) },
    ]);
    await expect.poll(() => available(server)).toEqual(["b"]);
  });

  it("is logged if it is rejected after that", async () => {
    const server = await during(async (starting) => {
      await starting.reload([model("b"), model("b")], { timeoutMs: 0 });
    });
    await expect
      .poll(remarkable)
      .toEqual([
        "! a reload that waited for the start: the models stay as they are: " +
          "Illegal to list model b multiple times in config list",
      ]);
    expect(available(server)).toEqual(["a"]);
  });

  it("rejects immediately when it is cancelled, and has no effect", async () => {
    const call = new AbortController();
    const server = await during(async (starting) => {
      const reloaded = starting.reload([model("b")], { signal: call.signal });
      call.abort(new Error("gone"));
      await expect(reloaded).rejects.toThrow("gone");
      await expect(starting.reload([], { signal: call.signal })).rejects.toThrow("gone");
    });
    await server.poll();
    expect(available(server)).toEqual(["a"]);
  });
});

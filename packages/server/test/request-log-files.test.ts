import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ModelConfig, type ModelServer, parseModelConfig } from "../src/index.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
  for (const name of ["a", "b"]) await world.publish(name, 1);
});
afterEach(() => world[Symbol.asyncDispose]());

const predict = async (server: ModelServer, name: string, x: number) => {
  const init = { method: "POST", body: `{"instances":[${x}]}` };
  await server.fetch(new Request(`http://host/v1/models/${name}:predict`, init));
};
/** The models and inputs that a file of JSON lines has. */
const logged = async (file: string) => {
  const text = await readFile(join(world.path, file), "utf8").catch(() => "");
  const lines = text.split("\n").filter(Boolean);
  return lines.map((line) => {
    const { log_metadata, predict_log } = JSON.parse(line);
    const { tensor_content } = predict_log.request.inputs.x;
    return [log_metadata.model_spec.name, Buffer.from(tensor_content, "base64").readFloatLE()];
  });
};
const configOf = (logging: string) =>
  parseModelConfig(
    `model_config_list { config { name: "a" base_path: "a" ${logging} } config { name: "b" base_path: "b" } }`,
    join(world.path, "models.config"),
  );
const toFile = (prefix: string) =>
  `logging_config { log_collector_config { type: "jsonl" filename_prefix: "${prefix}" } }`;

describe("the logging_config of a model", () => {
  it("logs the requests of this model alone", async () => {
    {
      await using server = await world.serve([], { models: configOf(toFile("log")) });
      await predict(server, "a", 1);
      await predict(server, "b", 2);
    }
    expect(await logged("log.jsonl")).toEqual([["a", 1]]);
  });

  it("can be added, changed and removed by a reload", async () => {
    {
      await using server = await world.serve([], { models: configOf("") });
      const steps = ["", toFile("log"), toFile("log"), toFile("other"), ""];
      for (const [x, logging] of steps.entries()) {
        await server.reload(configOf(logging));
        await predict(server, "a", x);
      }
    }
    expect(await logged("log.jsonl")).toEqual([
      ["a", 1],
      ["a", 2],
    ]);
    expect(await logged("other.jsonl")).toEqual([["a", 3]]);
  });

  it("replaces the server's request log", async () => {
    const requestLog = { type: "jsonl", filenamePrefix: join(world.path, "all") } as const;
    {
      await using server = await world.serve([], { models: configOf(toFile("log")), requestLog });
      await predict(server, "a", 1);
      await predict(server, "b", 2);
    }
    expect(await logged("all.jsonl")).toEqual([["b", 2]]);
  });

  it("is rejected if two models would write to one file", async () => {
    const requestLog = { type: "tfrecord", filenamePrefix: "/log" } as const;
    const models: ModelConfig[] = ["a", "b"].map((name) => ({ name, basePath: name, requestLog }));
    await expect(world.serve([], { models })).rejects.toThrow(
      "expected a request log for each model; a and b have /log.tfrecord",
    );
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServingError } from "@serving-kit/core";
import { definePlatform, type Signature, tensor, validateInputs } from "@serving-kit/inference";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { parseBatchingParametersFile } from "../src/config/batching-parameters-file.js";
import type { ModelConfig } from "../src/index.js";
import type { WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

/** The rows of each run of any model, in order. */
let runs: number[];
beforeEach(() => {
  runs = [];
});

const vector = { dtype: "float32", shape: [-1] } as const;
const signature: Signature = {
  inputs: new Map([["x", vector]]),
  outputs: new Map([["y", vector]]),
};

/** A platform that counts rows: `y = x + 1`, and that rejects what is negative. */
const counting = (batchable: boolean) =>
  definePlatform({
    name: "counting",
    accepts: async () => true,
    load: async () => ({
      signatures: new Map([["serving_default", signature]]),
      batchable,
      async predict(inputs) {
        validateInputs(signature, inputs);
        const x = inputs.x?.data as Float32Array;
        runs.push(x.length);
        if (x.some((value) => value < 0)) {
          throw new ServingError("INVALID_ARGUMENT", "NEGATIVE", `negative inputs in [${x}]`);
        }
        return {
          y: tensor(
            "float32",
            [x.length],
            x.map((value) => value + 1),
          ),
        };
      },
    }),
  })();

/** Nothing but a full batch of four starts within the time of a test. */
const file = "max_batch_size { value: 4 } batch_timeout_micros { value: 3600000000 }";
const fours = parseBatchingParametersFile(file, "f").options;

const world = await World.create();
await world.publish("m", 1);
await world.publish("with", 1);
await writeFile(join(world.path, "with/1/batching_params.pbtxt"), file);
await world.publish("wrong", 1);
await writeFile(join(world.path, "wrong/1/batching_params.pbtxt"), "max_batch_size: 4");
afterAll(() => world[Symbol.asyncDispose]());

async function serve(
  options: Partial<WholeServerOptions>,
  model: Partial<ModelConfig> = {},
  { name = "m", batchable = true } = {},
) {
  const models = [{ name, basePath: join(world.path, name), ...model }];
  const server = await world.serve([], { platforms: [counting(batchable)], models, ...options });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  const predict = async (x: number) => {
    const url = `http://127.0.0.1:${port}/v1/models/${name}:predict`;
    const response = await fetch(url, { method: "POST", body: `{"instances":[${x}]}` });
    const { predictions, error } = (await response.json()) as {
      predictions: number[];
      error?: string;
    };
    return error ?? predictions;
  };
  return (inputs = [1, 2, 3, 4]) => Promise.all(inputs.map(predict));
}

const answers = [[2], [3], [4], [5]];
const asOne = [4];
const apart = [1, 1, 1, 1];

describe("createModelServer's batching", () => {
  it.each<[string, Partial<WholeServerOptions>, Partial<ModelConfig>, number[]]>([
    ["is off by default", {}, {}, apart],
    ["runs concurrent requests as one batch", { batching: fours }, {}, asOne],
    ["asks a function for each version", { batching: () => fours }, {}, asOne],
    ["leaves a version alone for undefined", { batching: () => undefined }, {}, apart],
    ["is a model's own where it has some", { batching: false }, { batching: fours }, asOne],
    ["can be switched off for a model", { batching: fours }, { batching: false }, apart],
    [
      "can differ for a signature",
      { batching: { ...fours, maxBatchSize: 2, signatures: { serving_default: fours } } },
      {},
      asOne,
    ],
    [
      "prefers a model's own to its file",
      { perModelBatchingParameters: true },
      { batching: fours },
      asOne,
    ],
    [
      "needs a file where files say",
      { batching: fours, perModelBatchingParameters: true },
      {},
      apart,
    ],
  ])("%s", async (_, options, model, expected) => {
    const ask = await serve(options, model);
    expect(await ask()).toEqual(answers);
    expect(runs).toEqual(expected);
  });

  it("lets one bad request of a batch fail alone, by default", async () => {
    const ask = await serve({ batching: fours });
    expect(await ask([1, 2, 3, -4])).toEqual([[2], [3], [4], "negative inputs in [-4]"]);
    // Where in the batch the bad one is depends on the order in which the requests arrive.
    expect(runs[0]).toBe(4);
    expect(runs.length - 1).toBeLessThanOrEqual(4);
  });

  it("names no request in the error of a failed batch, if failed batches are not run again", async () => {
    const ask = await serve({ batching: { ...fours, rerunFailedBatches: false } });
    const message = expect.stringMatching(/^the batch of 4 calls .* failed with INVALID_ARGUMENT/);
    expect(await ask([1, 2, 3, -4])).toEqual([message, message, message, message]);
    expect(runs).toEqual([4]);
  });

  it("is what batching_params.pbtxt in the version's directory says", async () => {
    const ask = await serve({ perModelBatchingParameters: true }, {}, { name: "with" });
    expect(await ask()).toEqual(answers);
    expect(runs).toEqual(asOne);
  });

  it("fails a version whose file is wrong, with the file", async () => {
    const starting = serve({ perModelBatchingParameters: true }, {}, { name: "wrong" });
    await expect(starting).rejects.toThrow(
      /Invalid protobuf file: '.*wrong\/1\/batching_params.pbtxt': expected message value \(line 1\)/,
    );
  });

  it("serves a model that is not batchable without batching, unless configured to reject it", async () => {
    const ask = await serve({ batching: fours }, {}, { batchable: false });
    expect(await ask()).toEqual(answers);
    expect(runs).toEqual(apart);
    const refusing = { batching: { ...fours, unbatchable: "refuse" as const } };
    await expect(serve(refusing, {}, { batchable: false })).rejects.toThrow("batchable");
  });

  it.each([
    [
      { batching: "yes" },
      'batching: expected "auto", true, false, batching options or a function; got "yes"',
    ],
    [{ perModelBatchingParameters: 1 }, "perModelBatchingParameters: expected boolean; got 1"],
    [
      { models: [{ name: "m", basePath: "m", batching: 3 }] },
      'models[0].batching: expected "auto", true, false or batching options; got 3',
    ],
  ])("refuses %j", async (options, message) => {
    await expect(world.serve([], options as object)).rejects.toThrow(
      expect.objectContaining({ reason: "CONFIG_INVALID", message }),
    );
  });
});

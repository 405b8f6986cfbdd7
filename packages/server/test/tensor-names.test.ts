import { copyFile, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tflite } from "../../servable-tflite/src/index.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

const MODELS = resolve(import.meta.dirname, "../../servable-tflite/test/models");
const HOST = "127.0.0.1";
const X = {
  dtype: "DT_FLOAT",
  tensor_shape: { dim: [{ size: 1 }, { size: 2 }] },
  float_val: [3, 4],
};

describe("the names of a .tflite model's tensors", () => {
  let world: World;
  let url: string;
  let client: GrpcClient;

  beforeAll(async () => {
    world = await World.create();
    for (const name of ["dynamic", "metadata_signatures"]) {
      await mkdir(join(world.path, name, "1"), { recursive: true });
      await copyFile(join(MODELS, `${name}.tflite`), join(world.path, name, "1/model.tflite"));
    }
    const server = await world.serve(["dynamic", "metadata_signatures"], { platforms: [tflite()] });
    url = `http://${HOST}:${(await server.listen({ port: 0, host: HOST })).port}/v1/models`;
    client = new GrpcClient(`${HOST}:${(await server.listenGrpc({ port: 0, host: HOST })).port}`);
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    await world[Symbol.asyncDispose]();
  });

  const post = async (model: string, body: object) => {
    const response = await fetch(`${url}/${model}:predict`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return [response.status, await response.json()];
  };
  const predict = (inputs: object, output_filter: string[] = []) =>
    client.predict({ model_spec: { name: "dynamic" }, inputs, output_filter });

  it.each(["serving_default_x", "serving_default_x:0"])(
    "are names of the default signature's inputs and outputs: %s",
    async (name) => {
      expect(await post("dynamic", { inputs: { [name]: [[3, 4]] } })).toEqual([
        200,
        {
          outputs: {
            "PartitionedCall:0": [[6, 8]],
            "PartitionedCall:1": [
              [0, 0],
              [0, 1],
            ],
          },
        },
      ]);
      const { outputs } = await predict({ [name]: X });
      expect(outputs).toMatchObject({ "PartitionedCall:0": { float_val: [6, 8] } });
    },
  );

  it("are not used in the answer to a call by the signature's names", async () => {
    const [, answer] = await post("dynamic", { inputs: { x: [[3, 4]] } });
    expect(Object.keys((answer as { outputs: object }).outputs)).toEqual(["twice", "where"]);
    expect(Object.keys((await predict({ x: X })).outputs as object)).toEqual(["twice", "where"]);
  });

  it("are names in an output filter, and outputs have the names of the filter", async () => {
    const named = (filter: string[]) => predict({ x: X }, filter).then(({ outputs }) => outputs);
    expect(Object.keys((await named(["PartitionedCall:1"])) as object)).toEqual([
      "PartitionedCall:1",
    ]);
    expect(Object.keys((await named(["twice"])) as object)).toEqual(["twice"]);
    await expect(named(["twice", "PartitionedCall:0"])).rejects.toThrow(
      "duplicate output tensor alias: twice",
    );
    await expect(named(["PartitionedCall"])).rejects.toThrow(
      "output tensor alias not found in signature: PartitionedCall Outputs expected",
    );
  });

  it("do not mix with the signature's names", async () => {
    await expect(predict({ x: X, serving_default_x: X })).rejects.toThrow(
      "Sent extra: {serving_default_x}",
    );
  });

  it("are not needed if the metadata of the file has SignatureDefs", async () => {
    expect(await post("metadata_signatures", { inputs: { x: [[4]] } })).toEqual([
      200,
      { outputs: [[4]] },
    ]);
    expect(
      await post("metadata_signatures", {
        signature_name: "regress",
        inputs: { inputs: [[6]] },
      }),
    ).toEqual([200, { outputs: [[5]] }]);
  });
});

import { status } from "@grpc/grpc-js";
import {
  definePlatform,
  type OpaqueTensor,
  type Signature,
  tensor,
  validateOutputs,
} from "@serving-kit/inference";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codecOf } from "./codec.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

const HOST = "127.0.0.1";
const float = { dtype: "float32", shape: [-1] } as const;
const component = (dataType: number, nativeName: string) => ({ dataType, shape: [-1], nativeName });

const signature: Signature = {
  inputs: new Map([["x", float]]),
  outputs: new Map([["dense", float]]),
  opaqueOutputs: new Map<string, OpaqueTensor>([
    ["handle", { problem: "is of type resource", dataType: 20, shape: [], nativeName: "h:0" }],
    [
      "sparse",
      {
        ...{ problem: "is sparse", dataType: 1, shape: [-1, 3] },
        cooSparse: { values: "v:0", indices: "i:0", denseShape: "d:0" },
      },
    ],
    [
      "ragged",
      {
        ...{ problem: "is ragged", dataType: 0, shape: [] },
        composite: {
          ...{ typeSpecClass: "RAGGED_TENSOR_SPEC", typeSpecClassName: "RaggedTensorSpec" },
          components: [component(1, "r:0"), component(9, "r:1")],
        },
      },
    ],
  ]),
};

const op = { problem: "is an operation, not a tensor", dataType: 0, shape: null };
const initOp: Signature = {
  inputs: new Map(),
  outputs: new Map(),
  opaqueOutputs: new Map([["op", { ...op, nativeName: "NoOp" }]]),
};

const platform = definePlatform({
  name: "kinds",
  load: async () => ({
    signatures: new Map([["serving_default", signature]]),
    uncallable: new Map([["__saved_model_init_op", initOp]]),
    batchable: false,
    async predict(_, { outputs } = {}) {
      validateOutputs(signature, outputs);
      return { dense: tensor("float32", [1], [7]) };
    },
  }),
});

const coo_sparse = {
  ...{ values_tensor_name: "v:0", indices_tensor_name: "i:0" },
  dense_shape_tensor_name: "d:0",
};

describe("tensors that calls cannot pass or return", () => {
  let world: World;
  let url: string;
  let client: GrpcClient;

  beforeAll(async () => {
    world = await World.create();
    await world.publish("m", 1);
    const models = [{ name: "m", basePath: `${world.path}/m`, platform: platform() }];
    const server = await world.serve([], { models });
    url = `http://${HOST}:${(await server.listen({ port: 0, host: HOST })).port}/v1/models/m`;
    client = new GrpcClient(`${HOST}:${(await server.listenGrpc({ port: 0, host: HOST })).port}`);
  });

  afterAll(async () => {
    client[Symbol.dispose]();
    await world[Symbol.asyncDispose]();
  });

  it("are in the metadata of REST, with the signatures that cannot be called", async () => {
    const { metadata } = (await (await fetch(`${url}/metadata`)).json()) as {
      metadata: { signature_def: { signature_def: Record<string, { outputs: object }> } };
    };
    const { serving_default, __saved_model_init_op } = metadata.signature_def.signature_def;
    const any = (...sizes: string[]) => ({
      dim: sizes.map((size) => ({ size, name: "" })),
      unknown_rank: false,
    });
    expect(serving_default?.outputs).toEqual({
      dense: { dtype: "DT_FLOAT", tensor_shape: any("-1"), name: "dense" },
      handle: { dtype: "DT_RESOURCE", tensor_shape: any(), name: "h:0" },
      sparse: { dtype: "DT_FLOAT", tensor_shape: any("-1", "3"), coo_sparse },
      ragged: {
        ...{ dtype: "DT_INVALID", tensor_shape: any() },
        composite_tensor: {
          type_spec: {
            type_spec_class: "RAGGED_TENSOR_SPEC",
            ...{ type_spec_class_name: "RaggedTensorSpec", num_flat_components: 2 },
          },
          components: [
            { dtype: "DT_FLOAT", tensor_shape: any("-1"), name: "r:0" },
            { dtype: "DT_INT64", tensor_shape: any("-1"), name: "r:1" },
          ],
        },
      },
    });
    expect(__saved_model_init_op?.outputs).toEqual({
      op: { dtype: "DT_INVALID", tensor_shape: { dim: [], unknown_rank: true }, name: "NoOp" },
    });
  });

  it("are in the metadata of gRPC", async () => {
    const request = { model_spec: { name: "m" }, metadata_field: ["signature_def"] };
    const { metadata } = await client.call("PredictionService/GetModelMetadata", request);
    const { value } = (metadata as Record<string, { value: Uint8Array }>).signature_def ?? {};
    const { signature_def } = codecOf<{ signature_def: Record<string, object> }>(
      "tensorflow.serving.SignatureDefMap",
    ).decode(value as Uint8Array);
    expect(signature_def).toMatchObject({
      serving_default: {
        outputs: {
          handle: { dtype: 20, name: "h:0" },
          sparse: { dtype: 1, coo_sparse },
          ragged: {
            composite_tensor: {
              type_spec: { type_spec_class: 3 },
              components: [{ dtype: 1, name: "r:0" }, { dtype: 9 }],
            },
          },
        },
      },
      __saved_model_init_op: { outputs: { op: { dtype: 0, name: "NoOp" } } },
    });
  });

  it("are avoided by an output filter; a call that needs one gets an error that names it", async () => {
    const x = { dtype: 1, tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] };
    const call = (output_filter: string[], signature_name = "") =>
      client.predict({ model_spec: { name: "m", signature_name }, inputs: { x }, output_filter });
    expect((await call(["dense"])).outputs).toMatchObject({ dense: { float_val: [7] } });
    for (const filter of [["sparse"], ["dense", "sparse"]]) {
      await expect(call(filter)).rejects.toMatchObject({
        code: status.UNIMPLEMENTED,
        message: expect.stringContaining('output "sparse" is sparse and cannot be returned'),
      });
    }
    await expect(call([])).rejects.toMatchObject({
      message: expect.stringContaining('output "handle" is of type resource'),
    });
    await expect(call([], "__saved_model_init_op")).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      message: expect.stringContaining('output "op" is an operation, not a tensor'),
    });
    const body = JSON.stringify({ inputs: [1] });
    const response = await fetch(`${url}:predict`, { method: "POST", body });
    expect(await response.json()).toEqual({
      error: expect.stringContaining('output "handle" is of type resource'),
    });
  });
});

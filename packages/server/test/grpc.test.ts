import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { codecOf } from "./codec.js";
import { hanging } from "./fixture-platform.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

let world: World;
let server: ModelServer;
let client: GrpcClient;
const errorsLogged: string[] = [];

beforeAll(async () => {
  world = await World.create();
  await world.publish("m", 1, { b: 1 });
  await world.publish("m", 2, { b: 2 });
  await world.publish("slow", 1, { hangs: true });
  await world.publish("broken", 1, { failure: "its weights are missing" });
  server = await world.serve([], {
    models: [
      {
        name: "m",
        basePath: `${world.path}/m`,
        versionPolicy: { kind: "all" },
        labels: { stable: 1, canary: 2 },
      },
      { name: "slow", basePath: `${world.path}/slow` },
      { name: "broken", basePath: `${world.path}/broken` },
    ],
    startUpPolicy: "any",
    logger: {
      info() {},
      warn() {},
      error: (_, message) => errorsLogged.push(message),
    },
  });
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  client = new GrpcClient(`127.0.0.1:${port}`);
});
afterAll(async () => {
  client[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

const spec = (name = "m", rest = {}) => ({ name, ...rest });
const vector = (...float_val: number[]) => ({
  dtype: 1,
  tensor_shape: { dim: [{ size: float_val.length }] },
  float_val,
});
const predict = (model_spec: object, inputs: object, rest: object = {}) =>
  client.predict({ model_spec, inputs, ...rest });
const failure = (code: number, message: unknown) => expect.objectContaining({ code, message });
const internalError = expect.stringMatching(
  /^internal error; the log of the server has it as \S+$/,
);
const examples = (...sizes: number[]) => ({
  example_list: {
    examples: sizes.map((size) => ({
      features: { feature: { x: { bytes_list: { value: [Buffer.alloc(size)] } } } },
    })),
  },
});

describe("Predict", () => {
  it("answers typed values and the effective model spec", async () => {
    expect(await predict(spec(), { x: vector(1, 2, -4) })).toMatchObject({
      model_spec: { name: "m", version: { value: "2" }, signature_name: "serving_default" },
      outputs: {
        y: {
          dtype: 1,
          tensor_shape: { dim: [{ size: "3" }] },
          float_val: [2.5, 3, 0],
          tensor_content: Buffer.alloc(0),
        },
      },
    });
  });

  it("serves versions and labels", async () => {
    const y = async (rest: object) => {
      const { outputs } = await predict(spec("m", rest), { x: vector(0) });
      return (outputs as { y: { float_val: number[] } }).y.float_val[0];
    };
    expect(await y({ version: { value: 1 } })).toBe(1);
    expect(await y({ version_label: "stable" })).toBe(1);
    expect(await y({ version_label: "canary" })).toBe(2);
  });

  it("accepts tensor_content, and fewer values than elements of which the last one repeats", async () => {
    const floats = new Uint8Array(Float32Array.of(2, 4).buffer);
    const shape = { dim: [{ size: 2 }] };
    const content = { dtype: 1, tensor_shape: shape, tensor_content: floats };
    const y = async (x: object) => (await predict(spec(), { x })).outputs;
    expect(await y(content)).toMatchObject({ y: { float_val: [3, 4] } });
    const repeated = { ...vector(6), tensor_shape: { dim: [{ size: 3 }] } };
    expect(await y(repeated)).toMatchObject({ y: { float_val: [5, 5, 5] } });
    const none = { dtype: 1, tensor_shape: shape };
    expect(await y(none)).toMatchObject({ y: { float_val: [2, 2] } });
  });

  it("answers only the outputs of output_filter", async () => {
    const inputs = {
      a: { dtype: 1, tensor_shape: { dim: [{ size: 1 }, { size: 2 }] }, float_val: [1, 2] },
      b: { dtype: 3, tensor_shape: { dim: [{ size: 1 }] }, int_val: [-7] },
    };
    const two = spec("m", { signature_name: "two" });
    const { outputs } = await predict(two, inputs, { output_filter: ["b"] });
    expect(outputs).toEqual({ b: expect.objectContaining({ int_val: [-7] }) });
    await expect(predict(two, inputs, { output_filter: ["q"] })).rejects.toEqual(
      failure(
        status.INVALID_ARGUMENT,
        "output tensor alias not found in signature: q Outputs expected to be in the set {b,sum}.",
      ),
    );
    await expect(predict(two, inputs, { output_filter: ["b", "b"] })).rejects.toEqual(
      failure(status.INVALID_ARGUMENT, "duplicate output tensor alias: b"),
    );
  });

  it.each([
    [undefined, {}, status.INVALID_ARGUMENT, "Missing ModelSpec"],
    [spec(""), {}, status.INVALID_ARGUMENT, "ModelSpec has no name specified."],
    [spec("none"), {}, status.NOT_FOUND, "Servable not found for request: Latest(none)"],
    [
      spec("m", { version: { value: 9 } }),
      {},
      status.NOT_FOUND,
      "Servable not found for request: Specific(m, 9)",
    ],
    [
      spec("m", { version: { value: -1 } }),
      {},
      status.NOT_FOUND,
      "Servable not found for request: Specific(m, -1)",
    ],
    [
      spec("m", { version_label: "x" }),
      {},
      status.INVALID_ARGUMENT,
      "Unrecognized servable version label: x",
    ],
    [
      spec("m", { signature_name: "x" }),
      {},
      status.FAILED_PRECONDITION,
      'Serving signature key "x" not found.',
    ],
    [
      spec("m", { signature_name: "two" }),
      { a: vector(1) },
      status.INVALID_ARGUMENT,
      "input size does not match signature: 1!=2 len({a}) != len({a,b}). Sent extra: {}. " +
        "Missing but required: {b}.",
    ],
    [
      spec(),
      { x: vector(1), ["__proto__"]: vector(1) },
      status.INVALID_ARGUMENT,
      "input size does not match signature: 2!=1 len({__proto__,x}) != len({x}). " +
        "Sent extra: {__proto__}. Missing but required: {}.",
    ],
    [
      spec(),
      { x: { dtype: 1, tensor_shape: { dim: [{ size: 2 }] }, tensor_content: Buffer.alloc(7) } },
      status.INVALID_ARGUMENT,
      "tensor parsing error: x: shape [2] of float32 takes 8 bytes; got 7",
    ],
    [
      spec(),
      { x: { dtype: 1, tensor_shape: { dim: [{ size: 2 ** 28 }] } } },
      status.RESOURCE_EXHAUSTED,
      "the request would need more than 33554432 bytes of memory: expected at most ten times its body or 32 MiB, and " +
        "no more than --max_request_memory (limits.requestMemoryBytes). Send fewer elements per request",
    ],
  ])("refuses %j with %j", async (model_spec, inputs, code, message) => {
    await expect(predict(model_spec as object, inputs)).rejects.toEqual(failure(code, message));
  });

  it("cuts messages at 1024 bytes, and survives what no header can have", async () => {
    const name = `${"é".repeat(100)}${"😀".repeat(400)}`;
    const error = await predict(spec(name), {}).catch((reason) => reason);
    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.message).toMatch(
      /^Servable not found for request: Latest\(é+😀+�\.\.\.TRUNCATED$/u,
    );
    const cut = error.message.slice(0, -"�...TRUNCATED".length);
    expect(1024 - Buffer.byteLength(cut)).toBeLessThan(4);
  });

  it("answers a crash of the model with INTERNAL, logs it, and continues", async () => {
    const crash = predict(spec("m", { signature_name: "crash" }), { x: vector(1) });
    await expect(crash).rejects.toEqual(failure(status.INTERNAL, internalError));
    expect(errorsLogged).toContain(
      "/tensorflow.serving.PredictionService/Predict failed unexpectedly",
    );
  });

  it("rejects bytes that are not a message", async () => {
    const broken = client.raw("/tensorflow.serving.PredictionService/Predict", Buffer.of(10, 200));
    await expect(broken).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: expect.stringContaining("the request is not a valid protobuf message"),
    });
  });

  it("lets deadline and cancellation reach the model", async () => {
    const running = () => hanging.begun - hanging.aborted;
    const before = { running: running(), begun: hanging.begun };
    const request = { model_spec: spec("slow"), inputs: { x: vector(1) } };
    // Until a call reaches the model before its deadline, on a machine however slow.
    for (let ms = 60; hanging.begun === before.begun; ms *= 2) {
      const late = client.predict(request, { deadline: Date.now() + ms });
      await expect(late).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    }
    await expect.poll(running).toBe(before.running);
    const { call, answer } = client.begin(request);
    answer.catch(() => {});
    await expect.poll(running).toBe(before.running + 1);
    call.cancel();
    await expect(answer).rejects.toMatchObject({ code: status.CANCELLED });
    await expect.poll(running).toBe(before.running);
  });
});

describe("Classify, Regress and MultiInference", () => {
  const classify = spec("m", { signature_name: "classify" });
  const regress = spec("m", { signature_name: "regress" });

  it("classifies examples", async () => {
    const request = { model_spec: classify, input: examples(3, 90) };
    const answer = await client.call("PredictionService/Classify", request);
    const { result } = answer as { result: { classifications: { classes: object[] }[] } };
    expect(result.classifications).toHaveLength(2);
    expect(result.classifications[0]?.classes).toEqual([
      { label: "no", score: 0.25 },
      { label: "yes", score: expect.any(Number) },
    ]);
    expect(answer.model_spec).toMatchObject({
      version: { value: "2" },
      signature_name: "classify",
    });
  });

  it("joins the context with every example, as concatenated messages", async () => {
    const [example, context] = examples(3, 5).example_list.examples;
    const sizes = async (input: object) => {
      const request = { model_spec: regress, input };
      const { result } = await client.call("PredictionService/Regress", request);
      return (result as { regressions: { value: number }[] }).regressions.map(({ value }) => value);
    };
    const [one, other] = await sizes(examples(3, 5));
    const joined = { example_list_with_context: { examples: [example, example], context } };
    const sum = (one ?? 0) + (other ?? 0);
    expect(await sizes(joined)).toEqual([sum, sum]);
  });

  it("rejects an empty input, and a context that would multiply a message", async () => {
    const empty = client.call("PredictionService/Classify", { model_spec: classify });
    await expect(empty).rejects.toEqual(failure(status.INVALID_ARGUMENT, "Input is empty."));
    const [context] = examples(100_000).example_list.examples;
    const input = { example_list_with_context: { examples: Array(1000).fill({}), context } };
    const huge = client.call("PredictionService/Regress", { model_spec: regress, input });
    await expect(huge).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it.each([
    [
      "Classify",
      "regress",
      /^Expected classification signature outputs to contain at least one of "classes" or "scores"\. Signature was: /,
    ],
    ["Classify", "serving_default", /^No classification inputs found in SignatureDef: /],
    ["Regress", "serving_default", /^No regression inputs found in SignatureDef: /],
    ["Regress", "labels", /^No regression outputs found in SignatureDef: /],
    ["Classify", "labels", /^Expected classes Tensor of DT_STRING\. Got: DT_INT64$/],
    ["Regress", "classify", /^Expected one output Tensor\.$/],
    ["Classify", "two", /^Expected one input Tensor\.$/],
    ["Classify", "x", /^No signature was found with the name: x$/],
  ])("%s refuses the signature %s as INVALID_ARGUMENT", async (method, signature_name, message) => {
    const request = { model_spec: spec("m", { signature_name }), input: examples(1) };
    await expect(client.call(`PredictionService/${method}`, request)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: expect.stringMatching(message),
    });
  });

  it("looks for model and signature before it looks for examples, as TF Serving does", async () => {
    const ask = (model_spec: object) => client.call("PredictionService/Classify", { model_spec });
    await expect(ask(spec("none"))).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(ask(spec("m", { signature_name: "x" }))).rejects.toThrow("No signature was found");
  });

  it("runs several methods on the same examples and one version", async () => {
    const tasks = [
      { model_spec: classify, method_name: "tensorflow/serving/classify" },
      { model_spec: regress, method_name: "tensorflow/serving/regress" },
    ];
    const input = examples(4);
    const { results } = await client.call("PredictionService/MultiInference", { tasks, input });
    expect(results).toMatchObject([
      { model_spec: { signature_name: "classify" }, classification_result: {} },
      { regression_result: { regressions: [{ value: expect.any(Number) }] } },
    ]);
  });

  it.each([
    [[], "ModelSpec has no name specified."],
    [["classify", "classify"], "Duplicate evaluation of signature: classify"],
    [["nothing"], "Requested signature not found in model graph: nothing"],
  ])("refuses the tasks %j", async (signatures, message) => {
    const tasks = signatures.map((signature_name) => ({
      model_spec: spec("m", { signature_name }),
      method_name: "tensorflow/serving/classify",
    }));
    const refused = client.call("PredictionService/MultiInference", { tasks, input: examples(1) });
    await expect(refused).rejects.toEqual(failure(status.INVALID_ARGUMENT, message));
  });

  it("knows no other methods", async () => {
    const tasks = [{ model_spec: spec(), method_name: "tensorflow/serving/predict" }];
    const refused = client.call("PredictionService/MultiInference", { tasks, input: examples(1) });
    const text = "Unsupported signature method_name: tensorflow/serving/predict";
    await expect(refused).rejects.toEqual(failure(status.UNIMPLEMENTED, text));
  });
});

describe("GetModelMetadata", () => {
  it("packs the signatures", async () => {
    const request = { model_spec: spec(), metadata_field: ["signature_def"] };
    const answer = await client.call("PredictionService/GetModelMetadata", request);
    const { signature_def: any } = answer.metadata as Record<
      string,
      { type_url: string; value: Uint8Array }
    >;
    expect(any?.type_url).toBe("type.googleapis.com/tensorflow.serving.SignatureDefMap");
    const value = any?.value ?? new Uint8Array(0);
    const { signature_def } = codecOf<{ signature_def: Record<string, object> }>(
      "tensorflow.serving.SignatureDefMap",
    ).decode(value);
    expect(signature_def.two).toMatchObject({
      inputs: {
        a: { name: "a", dtype: 1, tensor_shape: { dim: [{ size: "-1" }, { size: "2" }] } },
      },
      outputs: { b: { dtype: 3 } },
    });
  });

  it("rejects other fields", async () => {
    const askOf = (model_spec: object | undefined, ...metadata_field: string[]) =>
      client.call("PredictionService/GetModelMetadata", { model_spec, metadata_field });
    const ask = (...metadata_field: string[]) => askOf(spec(), ...metadata_field);
    await expect(ask("size")).rejects.toEqual(
      failure(status.INVALID_ARGUMENT, "Metadata field size is not supported"),
    );
    await expect(ask()).rejects.toThrow("must specify at least one metadata_field");
    await expect(askOf(undefined)).rejects.toThrow("Missing ModelSpec");
    await expect(askOf(spec(""))).rejects.toThrow("must specify at least one metadata_field");
    await expect(askOf(spec(""), "signature_def")).rejects.toThrow("has no name specified");
  });
});

describe("GetModelStatus", () => {
  const ask = (model_spec: object) => client.call("ModelService/GetModelStatus", { model_spec });

  it("lists all versions, newest first, or the requested one", async () => {
    const available = (version: string) => ({
      version,
      state: 30,
      status: { error_code: 0, error_message: "" },
    });
    expect(await ask(spec())).toEqual({ model_version_status: [available("2"), available("1")] });
    expect(await ask(spec("m", { version: { value: 1 } }))).toEqual({
      model_version_status: [available("1")],
    });
    expect(await ask(spec("broken"))).toMatchObject({
      model_version_status: [{ status: { error_message: expect.stringContaining("weights") } }],
    });
  });

  it("rejects unknown models, versions and signatures", async () => {
    await expect(ask(spec("none"))).rejects.toEqual(
      failure(status.NOT_FOUND, "Could not find any versions of model none"),
    );
    await expect(ask(spec(""))).rejects.toEqual(
      failure(status.NOT_FOUND, "Could not find any versions of model "),
    );
    await expect(ask(spec("m", { version: { value: 7 } }))).rejects.toEqual(
      failure(status.NOT_FOUND, "Could not find version 7 of model m"),
    );
  });
});

describe("a model whose name has / and :", () => {
  it("is served over gRPC as it is and over REST percent-encoded, with a warning", async () => {
    const lines: string[] = [];
    const warn = (_: object, line: string) => void lines.push(line);
    await using other = await World.create();
    await other.publish("m", 1);
    const name = "team/m:a";
    const models = [{ name, basePath: `${other.path}/m` }];
    const server = await other.serve([], {
      models,
      logger: { info: () => {}, warn, error: () => {} },
    });
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    using grpc = new GrpcClient(`127.0.0.1:${port}`);
    const answer = await grpc.predict({ model_spec: spec(name), inputs: { x: vector(4) } });
    expect(answer.outputs).toMatchObject({ y: { float_val: [4] } });
    const body = '{"instances":[4]}';
    const request = new Request("http://host/v1/models/team%2Fm%3Aa:predict", {
      method: "POST",
      body,
    });
    expect(await (await server.fetch(request)).json()).toEqual({ predictions: [4] });
    await server.reload(models);
    expect(lines).toEqual([
      "model team/m:a: REST paths cannot have / or : in a name; use /v1/models/team%2Fm%3Aa, or gRPC",
    ]);
  });
});

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { canReusePort } from "@serving-kit/native-library";
import { afterEach, describe, expect, it } from "vitest";
import { type Answer, exampleNamed, modelFile, rowsOf } from "../../servable-trees/test/support.js";
import { GrpcClient } from "../../server/test/grpc-client.js";
import { createModelServer, loadModel, type Tensor } from "../src/index.js";
import { endCommands, repository, start } from "./run-command.js";

const ubj = modelFile("binary.ubj");
const income = join(repository, "examples/xgboost-tabular/income");
const example = exampleNamed("binary");
const { input } = rowsOf(example) as { input: Tensor<"float32"> };
const [rows = 0, features = 0] = input.shape;
const predict = example.answer("predict") as Answer;
const wanted = Float32Array.from(predict.data as Float32Array);

/** The rows as JSON, in which this server takes NaN. */
const instances = Array.from({ length: rows }, (_, row) => {
  return `[${Array.from(input.data.subarray(row * features, (row + 1) * features), String)}]`;
});
const body = `{"instances":[${instances}]}`;

afterEach(endCommands);

describe.each([
  ["XGBoost", "binary", "ubj"],
  ["LightGBM", "lgb-binary", "txt"],
])("%s in process", (_, name, extension) => {
  it("loadModel and createModelServer find the platform by content and answer as the library", async () => {
    const path = modelFile(`${name}.${extension}`);
    const own = exampleNamed(name);
    const { data, shape } = own.answer("predict") as Answer;
    await using model = await loadModel(path);
    expect(model.platform).toBe(own.library);
    const { predict } = await model.predict(rowsOf(own));
    expect(predict?.shape).toEqual(shape);
    const values = [...(predict as Tensor<"float64">).data];
    for (const [i, value] of values.entries()) {
      expect(value).toBeCloseTo(Number(data[i]), own.library === "xgboost" ? 6 : 14);
    }
    await using models = await createModelServer({ models: { trees: path }, settleMs: 0 });
    const served = await models.predict("trees", rowsOf(own));
    expect(served.predict?.data).toEqual(predict?.data);
  });
});

it("answers over gRPC with the bits of the library", async () => {
  await using server = await createModelServer({
    models: { trees: ubj },
    serializeAsTensorContent: true,
    batching: true,
    settleMs: 0,
  });
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  using client = new GrpcClient(`127.0.0.1:${port}`);
  const { outputs } = await client.predict({
    model_spec: { name: "trees" },
    inputs: {
      input: {
        dtype: "DT_FLOAT",
        tensor_shape: { dim: input.shape.map((size) => ({ size })) },
        tensor_content: Buffer.from(input.data.slice().buffer),
      },
    },
  });
  const { tensor_content } = (outputs as { predict: { tensor_content: Uint8Array } }).predict;
  expect(new Float32Array(Uint8Array.from(tensor_content).buffer)).toEqual(wanted);
});

it.skipIf(!canReusePort)(
  "--http_threads=2 answers from the trees of one load in several event loops (needs Linux)",
  async () => {
    const { child, ended, said, output } = start(
      ...["--http_threads=2", "--rest_api_port=any", "--port=0", "--host=127.0.0.1"],
      ...["--model_name=trees", `--model_base_path=${ubj}`],
    );
    const [port] = /\d+(?=\/v1)/.exec(await said(/serving trees at .*\/v1/)) ?? [];
    const answers = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const path = "/v1/models/trees:predict";
        const sent = request({ port, host: "127.0.0.1", method: "POST", path, agent: false });
        sent.end(body);
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        return JSON.parse(await text(response)).predictions;
      }),
    );
    for (const predictions of answers) expect(Float32Array.from(predictions)).toEqual(wanted);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(output.stderr.split("\n").filter((line) => line && !/^INFO: /.test(line))).toEqual([]);
  },
);

it("doctor needs no library for trees, and finds no problem in a model", async () => {
  const { output, ended } = start("doctor", `--models=${income}`);
  await ended;
  expect(output.stdout).toContain("✓ XGBoost models: no library needed");
  expect(output.stdout).toContain("✓ LightGBM models: no library needed");
  expect(output.stdout).toMatch(/✓ .*income.*: no problems\n/);
});

it("tune measures a model of trees", async () => {
  const quick = ["--measure_ms=20", "--max_batch_sizes=8", "--batch_timeouts_ms=0", "--slots=1"];
  const { output, ended } = start("tune", `--model=${ubj}`, "--callers=4", ...quick);
  expect([await ended, output.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
  expect(output.stdout).toMatch(/batch/);
});

it("inspect prints trees, objective, features with their categories, and signatures", async () => {
  const { output, ended } = start("inspect", income);
  expect(await ended).toBe(0);
  expect(output.stdout).toMatch(/XGBoost model of \d+ bytes, format 3\.\d/);
  expect(output.stdout).toContain("booster gbtree, objective binary:logistic, 1 output");
  expect(output.stdout).toMatch(/12 trees, depth 3, \d+ nodes; 12 of 12 rounds are used/);
  expect(output.stdout).toMatch(/3 features, 3 of them used: age, hours, job/);
  expect(output.stdout).toMatch(/job: "clerk", .*"pilot"/);
  expect(output.stdout).toContain("signature contributions");
  const early = start("inspect", modelFile("early.ubj"));
  expect(await early.ended).toBe(0);
  expect(early.output.stdout).toMatch(/best iteration \d+/);
});

it("--model_platform names the platform of the model, and an unknown one is rejected", async () => {
  const { said, child, ended } = start(
    ...["--rest_api_port=any", "--port=0", "--model_name=trees", "--model_platform=xgboost"],
    `--model_base_path=${income}`,
  );
  const url = await said(/http:\S+\/v1\/models\/trees/);
  const response = await fetch(`${url}/metadata`);
  expect(JSON.stringify(await response.json())).toContain("columns");
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  const wrong = start("--model_platform=catboost", `--model_base_path=${income}`, "--port=0");
  expect(await wrong.ended).toBe(1);
  expect(wrong.output.stderr).toMatch(
    /unsupported platform catboost; expected one of "tensorflow"/,
  );
});

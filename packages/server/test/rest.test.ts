import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

let world: World;
let server: ModelServer;
let base: string;

beforeAll(async () => {
  world = await World.create();
  await world.publish("m", 1, { b: 1 });
  await world.publish("m", "00000002", { b: 2 });
  await world.publish("broken", 1, { failure: "its weights are missing" });
  const models = [
    {
      name: "m",
      basePath: `${world.path}/m`,
      versionPolicy: { kind: "all" as const },
      labels: { stable: 1, canary: 2 },
    },
    { name: "broken", basePath: `${world.path}/broken` },
  ];
  server = await world.serve([], { models, startUpPolicy: "any" });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  base = `http://127.0.0.1:${port}`;
});
afterAll(() => world[Symbol.asyncDispose]());

async function ask(path: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(base + path, init);
  expect(response.headers.get("content-type")).toBe("application/json");
  return [response.status, await response.text()];
}
const post = (path: string, body: string | Uint8Array, headers = {}) =>
  ask(path, { method: "POST", body, headers });
const failure = (message: string) => JSON.stringify({ error: message });

describe("predict", () => {
  const predict = (body: string) => post("/v1/models/m:predict", body);

  it("answers the row form with predictions and the columnar form with outputs", async () => {
    expect(await predict('{"instances": [1.0, 2, -4]}')).toEqual([
      200,
      '{"predictions":[2.5,3.0,0.0]}',
    ]);
    expect(await predict('{"inputs": [1.0, 2.0]}')).toEqual([200, '{"outputs":[2.5,3.0]}']);
    expect(await predict('{"inputs": {"x": [1.0]}}')).toEqual([200, '{"outputs":[2.5]}']);
    expect(await predict('{"instances": [{"x": 1.0}, {"x": 3}]}')).toEqual([
      200,
      '{"predictions":[2.5,3.5]}',
    ]);
  });

  it("serves versions and labels, case-insensitive in all but names, with leading zeros", async () => {
    const body = '{"instances":[1]}';
    for (const [path, b] of [
      ["/v1/models/m/versions/1:predict", "1.5"],
      ["/v1/models/m/versions/2:predict", "2.5"],
      ["/v1/models/m/versions/00002:predict", "2.5"],
      ["/V1/Models/m/LABELS/stable:Predict", "1.5"],
      ["/v1/models/m/labels/c%61nary:predict", "2.5"],
      ["/v1/models/%6d:predict?x=1", "2.5"],
    ]) {
      expect(await post(path as string, body)).toEqual([200, `{"predictions":[${b}]}`]);
    }
  });

  it("accepts signature_name before and after the values", async () => {
    const values = '"inputs":{"a":[[1,2]],"b":[9007]}';
    const answer = [200, '{"outputs":{"sum":[3.0],"b":[9007]}}'];
    expect(await predict(`{"signature_name":"two",${values}}`)).toEqual(answer);
    expect(await predict(`{${values},"signature_name":"two"}`)).toEqual(answer);
    expect(await predict('{"instances":[{"b":1,"a":[1,2]}],"signature_name":"two"}')).toEqual([
      200,
      '{"predictions":[{"sum":3.0,"b":1}]}',
    ]);
  });

  it.each([
    ["int64", "[9007199254740993,-9223372036854775808,9223372036854775807,0]"],
    ["uint64", "[18446744073709551615,0]"],
    ["int32", "[2147483647,-2147483648]"],
    ["bool", "[true,false]"],
    ["float32", "[NaN,Infinity,-Infinity,0.333333343,1e+06,-0.0]"],
    ["float64", "[0.1,1e-300,123456.5,0.33333333333333331]"],
  ])("loses nothing of %s on the way in and out", async (dtype, values) => {
    const [status, body] = await predict(`{"signature_name":"${dtype}","inputs":${values}}`);
    expect([status, body]).toEqual([200, `{"outputs":${values}}`]);
  });

  it("reads base64 and escapes, and writes base64 for outputs that end with _bytes", async () => {
    const body = '{"signature_name":"strings","instances":["a\\u00e9\\n\\"",{"b64":"/wA="}]}';
    const response = await fetch(`${base}/v1/models/m:predict`, { method: "POST", body });
    const bytes = Buffer.from(await response.arrayBuffer());
    const written = Buffer.concat([
      Buffer.from('{"predictions":[{"s_bytes":{"b64":"YcOpCiI="},"s":"aé\\n\\""},'),
      Buffer.from('{"s_bytes":{"b64":"/wA="},"s":"'),
      Buffer.from([0xff]),
      Buffer.from('\\u0000"}]}'),
    ]);
    expect(bytes.equals(written)).toBe(true);
  });

  it("rejects outputs that do not fit the form", async () => {
    const ask = (signature: string, form = "instances") =>
      predict(`{"signature_name":"${signature}","${form}":[1]}`);
    expect(await ask("scalar")).toEqual([
      400,
      failure("Tensor name: total has no shape information "),
    ]);
    expect(await ask("scalar", "inputs")).toEqual([200, '{"outputs":1.0}']);
    expect(await ask("uneven")).toEqual([
      400,
      failure("Tensor name: b has inconsistent batch size: 2 expecting: 1"),
    ]);
    expect(await ask("to_half")).toEqual([
      400,
      failure("Failed to write JSON value for tensor type: half"),
    ]);
    expect(await ask("half", "inputs")).toEqual([
      501,
      failure("Conversion of JSON Value: 1 to type: half"),
    ]);
  });

  it("reports what was not found", async () => {
    const body = '{"instances":[1]}';
    expect(await post("/v1/models/half:predict", body)).toEqual([
      404,
      failure("Servable not found for request: Latest(half)"),
    ]);
    expect(await post("/v1/models/m/versions/9:predict", body)).toEqual([
      404,
      failure("Servable not found for request: Specific(m, 9)"),
    ]);
    expect(await post("/v1/models/broken:predict", body)).toEqual([
      404,
      failure("Servable not found for request: Latest(broken)"),
    ]);
    expect(await post("/v1/models/m/labels/nightly:predict", body)).toEqual([
      400,
      failure("Unrecognized servable version label: nightly"),
    ]);
    expect(await predict('{"signature_name":"none","instances":[1]}')).toEqual([
      400,
      failure('Serving signature name: "none" not found in signature def'),
    ]);
  });

  it("answers 500 to an unexpected error, without its message, and continues", async () => {
    expect(await predict('{"signature_name":"crash","instances":[1]}')).toEqual([
      500,
      failure("internal error; give the server a logger to learn more"),
    ]);
    expect((await predict('{"instances":[1]}'))[0]).toBe(200);
  });

  it("inflates gzip, and rejects invalid gzip", async () => {
    const body = gzipSync('{"instances":[1]}');
    const headers = { "Content-Encoding": "gzip" };
    expect(await post("/v1/models/m:predict", body, headers)).toEqual([
      200,
      '{"predictions":[2.5]}',
    ]);
    expect((await post("/v1/models/m:predict", '{"instances":[1]}', headers))[0]).toBe(400);
    expect((await post("/v1/models/m:predict", "{}", { "Content-Encoding": "br" }))[0]).toBe(400);
  });

  it("ignores a Content-Encoding that is not a compression", async () => {
    expect(
      await post("/v1/models/m:predict", '{"instances":[1]}', { "Content-Encoding": "UTF-8" }),
    ).toEqual([200, '{"predictions":[2.5]}']);
  });
});

describe("classify and regress", () => {
  it("give one list of labels with scores, and one value, for each example", async () => {
    const body = (signature: string) =>
      `{"signature_name":"${signature}","context":{"c":[1]},"examples":[{"a":1.5},{"a":"xyz"}]}`;
    expect(await post("/v1/models/m:classify", body("classify"))).toEqual([
      200,
      '{"results":[[["no",0.25],["yes",31.0]],[["no",0.25],["yes",30.0]]]}',
    ]);
    expect(await post("/v1/models/m:regress", body("regress"))).toEqual([
      200,
      '{"results":[31.0,30.0]}',
    ]);
  });

  it("report what is wrong with the signature", async () => {
    const examples = '"examples":[{"a":1}]';
    expect(await post("/v1/models/m:classify", `{${examples}}`)).toEqual([
      400,
      failure(
        "No classification inputs found in SignatureDef: {inputs {x: float32} outputs {y: float32}}",
      ),
    ]);
    expect(await post("/v1/models/m:regress", `{"signature_name":"classify",${examples}}`)).toEqual(
      [400, failure("Expected one output Tensor.")],
    );
    expect(await post("/v1/models/m:regress", `{"signature_name":"none",${examples}}`)).toEqual([
      400,
      failure("No signature was found with the name: none"),
    ]);
  });
});

it("checks method names if enabled", async () => {
  const checking = await world.serve(["m"], { signatureMethodNameCheck: true });
  const ask = async (path: string, body: object) => {
    const request = new Request(`http://host/v1/models/m:${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return (await checking.fetch(request)).json();
  };
  const examples = [{ a: 1 }];
  expect(await ask("predict", { instances: [1] })).toEqual({ predictions: [2.5] });
  expect(await ask("regress", { signature_name: "regress", examples })).toEqual({
    error: "Expected regression signature method_name to be tensorflow/serving/regress. Was: ",
  });
  // Before anything else of the signature is looked at, as in TF Serving.
  expect(await ask("classify", { examples })).toEqual({
    error:
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: " +
      "tensorflow/serving/predict",
  });
  const { port } = await checking.listenGrpc({ port: 0, host: "127.0.0.1" });
  using grpc = new GrpcClient(`127.0.0.1:${port}`);
  const call = grpc.predict({ model_spec: { name: "m", signature_name: "two" }, inputs: {} });
  await expect(call).rejects.toMatchObject({
    code: 13,
    message: expect.stringMatching(/^Expected prediction signature method_name to be one of/),
  });
});

describe("status, metadata, list and health", () => {
  const ok = { error_code: "OK", error_message: "" };

  it("lists the versions of a model, newest first, as strings", async () => {
    const [status, body] = await ask("/v1/models/m");
    expect(status).toBe(200);
    const versions = [
      { version: "2", state: "AVAILABLE", status: ok },
      { version: "1", state: "AVAILABLE", status: ok },
    ];
    expect(JSON.parse(body)).toEqual({ model_version_status: versions });
    const one = JSON.parse((await ask("/v1/models/m/versions/1"))[1]);
    expect(one).toEqual({ model_version_status: versions.slice(1) });
    expect(JSON.parse((await ask("/v1/models/m/labels/stable"))[1])).toEqual({
      model_version_status: versions,
    });
  });

  it("writes a status line by line, as scripts look for it", async () => {
    expect(await ask("/v1/models/m/versions/1")).toEqual([
      200,
      [
        "{",
        ' "model_version_status": [',
        "  {",
        '   "version": "1",',
        '   "state": "AVAILABLE",',
        '   "status": {',
        '    "error_code": "OK",',
        '    "error_message": ""',
        "   }",
        "  }",
        " ]",
        "}",
        "",
      ].join("\n"),
    ]);
    expect((await ask("/v1/models/m/metadata"))[1]).toMatch(/\n +"dtype": "DT_FLOAT",\n/);
  });

  it("shows why a version failed while the others serve", async () => {
    const { model_version_status } = JSON.parse((await ask("/v1/models/broken"))[1]);
    expect(model_version_status).toHaveLength(1);
    expect(model_version_status[0].status.error_code).toBe("UNKNOWN");
    expect(model_version_status[0].status.error_message).toContain("its weights are missing");
  });

  it("reports which model or version does not exist", async () => {
    expect(await ask("/v1/models/half")).toEqual([
      404,
      failure("Could not find any versions of model half"),
    ]);
    expect(await ask("/v1/models/m/versions/7")).toEqual([
      404,
      failure("Could not find version 7 of model m"),
    ]);
    expect(await ask("/v1/models/half/metadata")).toEqual([
      404,
      failure("Servable not found for request: Latest(half)"),
    ]);
  });

  it("returns metadata in the JSON form of SignatureDef, nested twice", async () => {
    const { model_spec, metadata } = JSON.parse((await ask("/v1/models/m/versions/1/metadata"))[1]);
    expect(model_spec).toEqual({ name: "m", signature_name: "", version: "1" });
    expect(metadata.signature_def.signature_def.serving_default).toEqual({
      inputs: {
        x: {
          dtype: "DT_FLOAT",
          tensor_shape: { dim: [{ size: "-1", name: "" }], unknown_rank: false },
          name: "x",
        },
      },
      outputs: {
        y: {
          dtype: "DT_FLOAT",
          tensor_shape: { dim: [{ size: "-1", name: "" }], unknown_rank: false },
          name: "y",
        },
      },
      method_name: "tensorflow/serving/predict",
      defaults: {},
    });
  });

  it("lists all models, with labels", async () => {
    const { models } = JSON.parse((await ask("/v1/models"))[1]);
    expect(models.map(({ name }: { name: string }) => name)).toEqual(["m", "broken"]);
    expect(models[0].version_labels).toEqual({ stable: "1", canary: "2" });
  });

  it("is live and ready", async () => {
    expect(await ask("/v1/health/live")).toEqual([200, '{"live":true}']);
    expect(await ask("/v1/health/ready")).toEqual([200, '{"ready":true}']);
  });
});

describe("paths and methods", () => {
  it.each([
    ["GET", "/v1/models/m:predict"],
    ["POST", "/v1/models/m"],
    ["PUT", "/v1/models/m:predict"],
    ["GET", "/v1/models/m/versions/x"],
    ["POST", "/v1/models/m:explain"],
    ["GET", "/v1/nothing"],
    ["POST", "/v1/models/m/versions/1/labels/a:predict"],
  ])("answers %s %s with 400 Malformed request", async (method, path) => {
    const body = method === "GET" ? null : "{}";
    expect(await ask(path, { method, body })).toEqual([
      400,
      failure(`Malformed request: ${method} ${path}`),
    ]);
  });

  it("accepts a target with scheme and host, as proxies send it", async () => {
    const { hostname, port } = new URL(base);
    const path = "http://model.example/v1/models/m/versions/1?x=http://y";
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path }, (response) => {
        resolve(response.resume().statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it("answers 404 to paths that are not under /v1/", async () => {
    expect(await ask("/favicon.ico")).toEqual([404, failure("Not found: /favicon.ico")]);
  });

  it("rejects numbers that are not versions, and names that are not UTF-8", async () => {
    const path = "/v1/models/m/versions/99999999999999999999:predict";
    expect(await post(path, "{}")).toEqual([
      400,
      failure("Failed to convert version: 99999999999999999999 to numeric."),
    ]);
    expect((await post("/v1/models/%ff:predict", "{}"))[0]).toBe(404);
  });

  it("answers a CORS preflight from an origin only", async () => {
    const preflight = (headers: Record<string, string>) =>
      fetch(`${base}/v1/models/m:predict`, { method: "OPTIONS", headers });
    expect((await preflight({ Origin: "http://example.com" })).status).toBe(200);
    const refused = await preflight({});
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({ error: "Origin header is missing in CORS preflight" });
  });
});

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { canReusePort } from "@serving-kit/native-library";
import { afterEach, describe, expect, it } from "vitest";
import {
  expectedCalls,
  hasLibrary,
  modelFile,
  modelsFolder,
  skipped,
} from "../../servable-onnx/test/support.js";
import { GrpcClient } from "../../server/test/grpc-client.js";
import { createModelServer, loadModel, type Tensor } from "../src/index.js";
import { endCommands, start } from "./run-command.js";

const dense = modelFile("dense");
const [, call] = expectedCalls("dense");
const x = call?.inputs.x as Tensor<"float32">;
const y = call?.outputs.y as Tensor<"float32">;
const rowsOf = ({ shape: [rows = 0, columns = 0], data }: Tensor<"float32">) =>
  Array.from({ length: rows }, (_, i) => [...data.slice(i * columns, (i + 1) * columns)]);
const body = JSON.stringify({ instances: rowsOf(x) });

afterEach(endCommands);

describe.skipIf(!hasLibrary)(`ONNX models in the command and the umbrella${skipped}`, () => {
  it("loadModel finds the platform by the file", async () => {
    await using model = await loadModel(dense);
    expect(model.platform).toBe("onnx");
    expect((await model.predict({ x })).y).toEqual(y);
  });

  it("answers over REST and gRPC, with batching, and describes a ZipMap in its metadata", async () => {
    await using server = await createModelServer({
      models: { dense, classes: modelFile("zip-map-texts") },
      serializeAsTensorContent: true,
      batching: true,
      settleMs: 0,
    });
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    const url = `http://127.0.0.1:${port}/v1/models`;
    const post = async (model: string, instances: unknown) => {
      const sent = { method: "POST", body: JSON.stringify({ instances }) };
      return (await fetch(`${url}/${model}:predict`, sent)).json();
    };
    const { predictions: answers } = (await post("dense", rowsOf(x))) as {
      predictions: number[][];
    };
    expect(new Float32Array(answers.flat())).toEqual(y.data);
    const { predictions } = (await post("classes", [[0, 0, 0]])) as {
      predictions: Record<string, unknown>[];
    };
    expect(predictions[0]).toMatchObject({ probabilities_labels: ["a", "b", "ü"] });
    const metadata = await (await fetch(`${url}/classes/metadata`)).json();
    expect(JSON.stringify(metadata)).toContain("probabilities_labels");
    const grpc = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    using client = new GrpcClient(`127.0.0.1:${grpc.port}`);
    const { outputs } = await client.predict({
      model_spec: { name: "dense" },
      inputs: {
        x: {
          dtype: "DT_FLOAT",
          tensor_shape: { dim: x.shape.map((size) => ({ size })) },
          tensor_content: Buffer.from(x.data.slice().buffer),
        },
      },
    });
    const { tensor_content } = (outputs as { y: { tensor_content: Uint8Array } }).y;
    expect(new Float32Array(Uint8Array.from(tensor_content).buffer)).toEqual(y.data);
  });

  it.skipIf(!canReusePort)(
    "--http_threads=2 answers from one session in several event loops (needs Linux)",
    async () => {
      const { child, ended, said, output } = start(
        ...["--http_threads=2", "--rest_api_port=any", "--port=0", "--host=127.0.0.1"],
        ...["--model_name=dense", `--model_base_path=${dense}`, "--model_platform=onnx"],
      );
      const [port] = /\d+(?=\/v1)/.exec(await said(/serving dense at .*\/v1/)) ?? [];
      const answers = await Promise.all(
        Array.from({ length: 16 }, async () => {
          const path = "/v1/models/dense:predict";
          const sent = request({ port, host: "127.0.0.1", method: "POST", path, agent: false });
          sent.end(body);
          const [response] = (await once(sent, "response")) as [IncomingMessage];
          return JSON.parse(await text(response)).predictions;
        }),
      );
      for (const predictions of answers) {
        expect(new Float32Array(predictions.flat())).toEqual(y.data);
      }
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
      expect(output.stderr.split("\n").filter((line) => line && !/^INFO: /.test(line))).toEqual([]);
    },
  );

  it("doctor reports the library, and finds no problem in a model", async () => {
    const { output, ended } = start("doctor", `--models=${dense}`);
    await ended;
    expect(output.stdout).toMatch(/^✓ ONNX models: ONNX Runtime 1\.\d+\.\d+$/m);
    expect(output.stdout).toMatch(/✓ .*dense\.onnx: no problems\n/);
  }, 180_000);

  it("tune measures a model", async () => {
    const quick = ["--measure_ms=20", "--max_batch_sizes=8", "--batch_timeouts_ms=0", "--slots=1"];
    const { output, ended } = start("tune", `--model=${dense}`, "--callers=4", ...quick);
    expect([await ended, output.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
  }, 180_000);

  it("compare-engines measures each model in a process of its own", async () => {
    const models = [dense, modelFile("external")];
    const { output, ended } = start("compare-engines", ...models, "--measure_ms=20", "--json");
    expect([await ended, output.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
    const engines = JSON.parse(output.stdout) as object[];
    expect(engines).toEqual(
      models.map((path) =>
        expect.objectContaining({ engine: "onnx", path, difference: { largest: 0 } }),
      ),
    );
  }, 180_000);

  it("inspect prints the signature and the classes, without the library", async () => {
    const { output, ended } = start("inspect", modelFile("zip-map"));
    expect(await ended).toBe(0);
    expect(output.stdout.split("\n").slice(1)).toEqual([
      "  format: IR version 8, operator sets ai.onnx 17, ai.onnx.ml 1",
      "  written by: make-models",
      "  operators: LinearClassifier, ZipMap",
      "  signature serving_default",
      "    input x float32 [?, 3]",
      "    output label int64 [?]",
      "    output probabilities float32 [?, 3]",
      "    output probabilities_labels int64 [?, 3]",
      "  classes of probabilities: int64 7, 8, 9",
      "  rows of serving_default: independent by structure: each op keeps rows apart; batched if a probe agrees when it is loaded",
      "",
    ]);
  });

  it("a folder with several files is rejected with their names, unless an option names one", async () => {
    await expect(loadModel(modelsFolder)).rejects.toThrow(/the folder has \d+: any-rank\.onnx, /);
  });
});

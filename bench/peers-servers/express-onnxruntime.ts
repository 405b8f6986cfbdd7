import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import express from "express";

// onnxruntime-node in Express, as most write it. Arguments: a file beside its node_modules, the model.
const [, , from = "", path = ""] = process.argv;

interface Ort {
  readonly InferenceSession: {
    create(path: string): Promise<{
      run(feeds: object): Promise<Record<string, { readonly data: Float32Array }>>;
    }>;
  };
  readonly Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => unknown;
}

const ort = createRequire(from)("onnxruntime-node") as Ort;
const session = await ort.InferenceSession.create(path);
const app = express();
app.post("/predict", express.json({ limit: "100mb" }), async (request, response) => {
  const { instances } = request.body as { instances: number[][][][] };
  const data = Float32Array.from(instances.flat(3));
  const image = new ort.Tensor("float32", data, [instances.length, 8, 8, 1]);
  const { probabilities } = await session.run({ image });
  const all = [...(probabilities?.data ?? [])];
  response.json({ predictions: instances.map((_, i) => all.slice(i * 10, i * 10 + 10)) });
});
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

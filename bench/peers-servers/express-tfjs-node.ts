import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import express from "express";

// tfjs-node in Express. Arguments: a file beside its node_modules, the SavedModel.
const [, , from = "", path = ""] = process.argv;

interface TfTensor {
  arraySync(): unknown;
  dispose(): void;
}

interface Tfjs {
  readonly node: {
    loadSavedModel(path: string): Promise<{ predict(inputs: object): Record<string, TfTensor> }>;
  };
  tensor4d(values: number[][][][]): TfTensor;
}

const tf = createRequire(from)("@tensorflow/tfjs-node") as Tfjs;
const model = await tf.node.loadSavedModel(path);
const app = express();
app.post("/predict", express.json({ limit: "100mb" }), (request, response) => {
  const image = tf.tensor4d((request.body as { instances: number[][][][] }).instances);
  const { probabilities } = model.predict({ image });
  response.json({ predictions: probabilities?.arraySync() });
  image.dispose();
  probabilities?.dispose();
});
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

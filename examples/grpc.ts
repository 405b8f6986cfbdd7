// Serves a model over TF Serving's gRPC API, and calls it with @grpc/grpc-js and a .proto file, as any client would.
// Tensors are sent as the bytes of their arrays.
import { readFileSync } from "node:fs";
import {
  type CallOptions,
  type ChannelCredentials,
  type Client,
  credentials,
  loadPackageDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { createModelServer } from "serving-kit";

const basePath = `${import.meta.dirname}/models/digits`;

// #region server
const server = await createModelServer({
  models: [{ name: "digits", basePath }],
  serializeAsTensorContent: true,
});
const { port } = await server.listenGrpc({ port: 0 }); // default 8500
// #endregion

// #region client
const proto = `${import.meta.dirname}/prediction.proto`;
const loaded: unknown = loadPackageDefinition(loadSync(proto, { keepCase: true, enums: String }));
const { PredictionService } = (loaded as Loaded).tensorflow.serving;
const client = new PredictionService(`localhost:${port}`, credentials.createInsecure());

const [{ image, label }] = JSON.parse(readFileSync(`${basePath}/samples.json`, "utf8"));
const request = {
  model_spec: { name: "digits" },
  inputs: {
    image: {
      dtype: "DT_FLOAT",
      tensor_shape: { dim: [{ size: 1 }, { size: 64 }] },
      tensor_content: Buffer.from(Float32Array.from(image).buffer),
    },
  },
};
const deadline = Date.now() + 5_000; // also applies in the batch queue: expired calls are removed
const { outputs, model_spec } = await new Promise<PredictResponse>((resolve, reject) => {
  client.Predict(request, { deadline }, (error, answer) =>
    error ? reject(error) : resolve(answer),
  );
});
const { tensor_content } = outputs.probabilities;
const probabilities = new Float32Array(new Uint8Array(tensor_content).buffer);
const digit = probabilities.indexOf(Math.max(...probabilities));
console.log(`a picture of a ${label}: version ${model_spec.version.value} says ${digit}`);
// #endregion

client.close();
await server.close();

// The type that `npx proto-loader-gen-types` writes for the whole file.
interface PredictResponse {
  outputs: { probabilities: { tensor_content: Buffer } };
  model_spec: { version: { value: { toString(): string } } };
}
interface PredictionClient extends Client {
  Predict(
    request: object,
    options: CallOptions,
    callback: (error: ServiceError | null, answer: PredictResponse) => void,
  ): void;
}
type Loaded = {
  tensorflow: {
    serving: {
      PredictionService: new (address: string, channel: ChannelCredentials) => PredictionClient;
    };
  };
};

import { type ObservabilityOptions, observability } from "@serving-kit/observability";
import {
  type TensorflowServingOptions,
  tensorflowServing,
} from "@serving-kit/protocol-tensorflow-serving";
import { filesystemProvider } from "@serving-kit/source-filesystem";
import {
  createModelServer as createServer,
  type ModelServer,
  type ModelServerOptions,
} from "../src/index.js";

/** The options of a server with TF Serving's protocol and all observers. */
export type WholeServerOptions = ModelServerOptions &
  ObservabilityOptions &
  TensorflowServingOptions;

/** Makes a server as the umbrella does, without its platforms. */
export async function createModelServer({
  metrics,
  requestLog,
  tracing,
  signatureMethodNameCheck,
  serializeAsTensorContent,
  ...options
}: WholeServerOptions): Promise<ModelServer> {
  const protocol = tensorflowServing({ signatureMethodNameCheck, serializeAsTensorContent });
  return createServer({
    protocols: [protocol],
    observers: [await observability({ metrics, requestLog, tracing })],
    ...options,
    sourceProviders: [...(options.sourceProviders ?? []), filesystemProvider()],
  });
}

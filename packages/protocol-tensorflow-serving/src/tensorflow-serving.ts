import type { Protocol, ServerCore } from "@serving-kit/server";
import { restRoutes } from "./rest/rest-routes.js";

/** Options for TF Serving's protocol. */
export interface TensorflowServingOptions {
  /**
   * True if the method name of a signature is checked: Classify and Regress require their own, Predict any of the
   * three. Default false, as in TF Serving: any signature with the required inputs and outputs is accepted.
   */
  readonly signatureMethodNameCheck?: boolean | undefined;
  /**
   * True if gRPC Predict responds with `tensor_content`, which is smaller and faster to write, instead of typed fields
   * such as `float_val`. Default false, as in TF Serving.
   */
  readonly serializeAsTensorContent?: boolean | undefined;
}

/**
 * TF Serving's protocol: the REST API below `/v1/models`, health below `/v1/health`, and the gRPC services
 * `tensorflow.serving.PredictionService` and `ModelService`.
 *
 * The gRPC part is loaded only if gRPC is served.
 */
export function tensorflowServing(options: TensorflowServingOptions = {}): Protocol {
  const { signatureMethodNameCheck = false } = options;
  return {
    name: "tensorflow-serving",
    apis: ["Predict", "Classify", "Regress"],
    entrypoints: { http: "REST", grpc: "GRPC" },
    module: { url: import.meta.url, exportName: "tensorflowServing", options },
    http: (core: ServerCore) => restRoutes(core, signatureMethodNameCheck),
    async grpc(core) {
      const { tensorflowServices } = await import("./grpc/services.js");
      return tensorflowServices(core, options);
    },
  };
}

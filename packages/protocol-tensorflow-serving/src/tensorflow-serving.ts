import type { Protocol, ServerCore } from "@serving-kit/server";
import { restRoutes } from "./rest/rest-routes.js";

/** Options of TF Serving's protocol. */
export interface TensorflowServingOptions {
  /**
   * Whether Classify and Regress need a signature whose method name is theirs, and Predict one with
   * any of the three. Default false, as in TF Serving: any signature with the inputs and outputs will do.
   */
  readonly signatureMethodNameCheck?: boolean | undefined;
  /**
   * Whether Predict over gRPC answers with `tensor_content`, which is smaller and faster to write, instead of
   * the typed fields such as `float_val`. Default false, as in TF Serving.
   */
  readonly serializeAsTensorContent?: boolean | undefined;
}

/**
 * TF Serving's protocol: the REST API below `/v1/models`, health below `/v1/health`, and the gRPC services
 * `tensorflow.serving.PredictionService` and `ModelService`.
 *
 * Its gRPC part is loaded when gRPC is served.
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

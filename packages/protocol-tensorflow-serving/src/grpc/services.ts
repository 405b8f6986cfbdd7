import type { GrpcMethod, GrpcService, ServerCore } from "@serving-kit/server";
import { methodCheck } from "../calls/method-name.js";
import { CLASSIFY, grpcExamples, REGRESS } from "./examples-calls.js";
import { grpcPredict } from "./grpc-predict.js";
import { PROTOS } from "./messages.js";
import { grpcModelMetadata } from "./model-metadata.js";
import { getModelStatus, handleReload } from "./model-service.js";
import { multiInference } from "./multi-inference.js";

/** The options that the gRPC services use: see `TensorflowServingOptions`. */
interface ServicesOptions {
  readonly signatureMethodNameCheck?: boolean | undefined;
  readonly serializeAsTensorContent?: boolean | undefined;
}

/** Returns the gRPC services of TF Serving. */
export function tensorflowServices(
  core: ServerCore,
  { signatureMethodNameCheck = false, serializeAsTensorContent = false }: ServicesOptions,
): readonly GrpcService[] {
  const checks = {
    classify: methodCheck(signatureMethodNameCheck, "Classify"),
    regress: methodCheck(signatureMethodNameCheck, "Regress"),
  };
  const predict = {
    checkMethod: methodCheck(signatureMethodNameCheck, "Predict"),
    serializeAsTensorContent,
  };
  return [
    {
      name: "tensorflow.serving.PredictionService",
      protos: PROTOS,
      methods: {
        Predict: unary((bytes, context) => grpcPredict(core, bytes, context, predict)),
        Classify: unary((bytes, context) => grpcExamples(CLASSIFY, core, bytes, context, checks)),
        Regress: unary((bytes, context) => grpcExamples(REGRESS, core, bytes, context, checks)),
        MultiInference: unary((bytes, context) => multiInference(core, bytes, context, checks)),
        GetModelMetadata: unary((bytes) => grpcModelMetadata(core, bytes)),
      },
    },
    {
      name: "tensorflow.serving.ModelService",
      protos: PROTOS,
      health: "live",
      methods: {
        GetModelStatus: unary((bytes, context) => getModelStatus(core, bytes, context)),
        HandleReloadConfigRequest: unary((bytes, context) => handleReload(core, bytes, context)),
      },
    },
  ];
}

const unary = (handle: (GrpcMethod & { readonly kind: "unary" })["handle"]): GrpcMethod => ({
  kind: "unary",
  handle,
});

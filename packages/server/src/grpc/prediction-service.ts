import { classify, type ExamplesCall } from "../calls/classify.js";
import { regress } from "../calls/regress.js";
import type { ServerCore } from "../server-core.js";
import { codecOf } from "./codec.js";
import { readExamplesRequest } from "./example-messages.js";
import { grpcPredict } from "./grpc-predict.js";
import { grpcModelMetadata } from "./model-metadata.js";
import { type ModelSpec, servableRequest } from "./model-spec.js";
import { multiInference } from "./multi-inference.js";
import { classificationResult, regressionResult, specOf } from "./results.js";
import type { UnaryHandler } from "./unary.js";

/** What of the predictions can be chosen. */
export interface PredictionServiceOptions {
  /**
   * Whether Predict answers with `tensor_content`, which is smaller and faster to write, instead of
   * the typed fields such as `float_val`. Default false, as in TF Serving.
   */
  readonly serializeAsTensorContent?: boolean;
}

const classificationResponse = codecOf("tensorflow.serving.ClassificationResponse");
const regressionResponse = codecOf("tensorflow.serving.RegressionResponse");

/** The methods of `tensorflow.serving.PredictionService` by name. */
export function predictionService(
  core: ServerCore,
  { serializeAsTensorContent = false }: PredictionServiceOptions,
): Record<string, UnaryHandler> {
  return {
    Predict: (bytes, context) => grpcPredict(core, bytes, context, serializeAsTensorContent),

    async Classify(bytes, context) {
      const { spec, request, call } = readExamplesCall(bytes);
      const answer = await classify(core, request, call, context);
      const result = classificationResult(answer);
      return classificationResponse.encode({ model_spec: specOf(answer, spec), result });
    },

    async Regress(bytes, context) {
      const { spec, request, call } = readExamplesCall(bytes);
      const answer = await regress(core, request, call, context);
      const result = regressionResult(answer);
      return regressionResponse.encode({ model_spec: specOf(answer, spec), result });
    },

    MultiInference: (bytes, context) => multiInference(core, bytes, context),

    GetModelMetadata: (bytes) => grpcModelMetadata(core, bytes),
  };
}

/** What a ClassificationRequest or a RegressionRequest asks for. */
function readExamplesCall(bytes: Uint8Array) {
  const { modelSpec, examples } = readExamplesRequest(bytes);
  const request = servableRequest(modelSpec);
  const spec = modelSpec as ModelSpec;
  const call: ExamplesCall = { signature: spec.signatureName, examples };
  return { spec, request, call };
}

import type { ServableRequest } from "@serving-kit/core";
import { DEFAULT_SIGNATURE, findSignature } from "@serving-kit/inference";
import { decodePredict, encodePredict, type PredictBody } from "@serving-kit/tensor-json";
import { type PrepareCall, predict } from "../calls/predict.js";
import type { CallContext, ServerCore } from "../server-core.js";

/**
 * Answers a predict request: JSON to tensors, predict, tensors to JSON.
 *
 * @throws ServingError of reading, predicting and writing, with TF Serving's texts.
 */
export async function restPredict(
  core: ServerCore,
  request: ServableRequest,
  body: Uint8Array,
  context: CallContext,
): Promise<Buffer> {
  const prepare: PrepareCall<PredictBody> = (predictor, checkMethod) => {
    const call = decodePredict(body, (name) => findSignature(predictor, name || DEFAULT_SIGNATURE));
    checkMethod(call.signature);
    return call;
  };
  const { call, outputs } = await predict(core, request, prepare, context);
  return encodePredict(outputs, call.form);
}

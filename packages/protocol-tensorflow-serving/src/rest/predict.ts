import { DEFAULT_SIGNATURE, findSignature, type Tensors } from "@serving-kit/inference";
import type { CalledVersion } from "@serving-kit/server";
import { decodePredict, type PredictBody } from "@serving-kit/tensor-json";
import type { CheckMethod } from "../calls/method-name.js";

/** The outputs of a predict request, and the form of its answer. */
export interface PredictOutcome {
  readonly form: PredictBody["form"];
  readonly outputs: Tensors;
}

/**
 * Runs a predict request: JSON to tensors, predict.
 *
 * @throws ServingError of reading and predicting, with TF Serving's texts.
 */
export async function restPredict(
  version: CalledVersion,
  body: Uint8Array,
  checkMethod: CheckMethod,
): Promise<PredictOutcome> {
  const { predictor } = version;
  const call = decodePredict(body, (name) => {
    const signature = findSignature(predictor, name || DEFAULT_SIGNATURE);
    if (signature) checkMethod(predictor, name);
    return signature;
  });
  return { form: call.form, outputs: await version.predict(call) };
}

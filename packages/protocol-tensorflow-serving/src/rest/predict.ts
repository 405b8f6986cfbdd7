import {
  type BodyAnswer,
  DEFAULT_SIGNATURE,
  findSignature,
  SERVING_JSON,
  type Tensors,
} from "@serving-kit/inference";
import type { CalledVersion, HttpAnswer } from "@serving-kit/server";
import { decodePredictInSteps, encodePredict, type PredictBody } from "@serving-kit/tensor-json";
import type { CheckMethod } from "../calls/method-name.js";
import { decodingOf } from "./decode-body.js";

/** The outcome of a predict request: outputs and the form to write them in, or a body from the model. */
export type PredictOutcome =
  | { readonly form: PredictBody["form"]; readonly outputs: Tensors }
  | BodyAnswer;

/**
 * Runs a predict request: decodes the JSON body to tensors and calls `predict`. A model with `respond` receives the
 * body as it is.
 *
 * @throws ServingError of reading and predicting, with TF Serving's texts.
 */
export async function restPredict(
  version: CalledVersion,
  body: Uint8Array,
  checkMethod: CheckMethod,
): Promise<PredictOutcome> {
  const { predictor, allowance } = version;
  if (predictor.respond) return version.respond(body, SERVING_JSON);
  const signatureOf = (name: string | undefined) => {
    const signature = findSignature(predictor, name || DEFAULT_SIGNATURE);
    if (signature) checkMethod(predictor, name);
    return signature;
  };
  const decoding = decodingOf(version, body)(decodePredictInSteps(body, signatureOf, allowance));
  const call = decoding instanceof Promise ? await decoding : decoding;
  return { form: call.form, outputs: await version.predict(call) };
}

/** Returns the HTTP response. If the model refuses the body, the status is 400 with the model's response body. */
export function predictAnswer(outcome: PredictOutcome): HttpAnswer {
  if ("outputs" in outcome) {
    return { status: 200, body: encodePredict(outcome.outputs, outcome.form) };
  }
  return { status: outcome.isRefusal ? 400 : 200, body: outcome.body };
}

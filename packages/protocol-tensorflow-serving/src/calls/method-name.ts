import { DEFAULT_SIGNATURE, type Predictor } from "@serving-kit/inference";
import { errors } from "../errors.js";

/** TF Serving's APIs for running a model. */
export type CallApi = "Predict" | "Classify" | "Regress";

const METHODS = {
  Predict: "tensorflow/serving/predict",
  Classify: "tensorflow/serving/classify",
  Regress: "tensorflow/serving/regress",
} as const;

/**
 * Checks that a signature was saved for an API. Classify and Regress require their own method name; Predict accepts
 * those of all three.
 *
 * @throws ServingError SIGNATURE_UNFIT with TF Serving's text: INTERNAL for Predict, otherwise INVALID_ARGUMENT.
 */
export function checkMethodName(
  { signatures }: Predictor,
  signature: string | undefined,
  api: CallApi,
): void {
  const { methodName = "" } = signatures.get(signature || DEFAULT_SIGNATURE) ?? {};
  if (api === "Predict") {
    const allowed: string[] = Object.values(METHODS);
    if (allowed.includes(methodName)) return;
    throw errors.signatureUnfit(
      "Expected prediction signature method_name to be one of " +
        `{${allowed.join(", ")}}. Was: ${methodName}`,
      "INTERNAL",
    );
  }
  if (methodName === METHODS[api]) return;
  const kind = api === "Classify" ? "classification" : "regression";
  throw errors.signatureUnfit(
    `Expected ${kind} signature method_name to be ${METHODS[api]}. Was: ${methodName}`,
    "INVALID_ARGUMENT",
  );
}

/** Checks the method name of a signature as soon as the signature was found, in TF Serving's order. May do nothing. */
export type CheckMethod = (predictor: Predictor, signature: string | undefined) => void;

/** Returns the check for one API; it does nothing unless `isChecked`. */
export const methodCheck = (isChecked: boolean, api: CallApi): CheckMethod =>
  isChecked ? (predictor, signature) => checkMethodName(predictor, signature, api) : () => {};

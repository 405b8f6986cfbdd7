import type { ServableId, ServableRequest } from "@serving-kit/core";
import type { CallContext, CalledVersion, ServerCore } from "@serving-kit/server";
import type { ModelSpec } from "@serving-kit/tensorflow-wire";
import { type Classifications, classify, type ExamplesCall } from "../calls/classify.js";
import type { CheckMethod } from "../calls/method-name.js";
import { type Regressions, regress } from "../calls/regress.js";
import { type ExamplesRequest, readExamplesRequest } from "./example-messages.js";
import { messageOfType } from "./messages.js";
import { servableRequest } from "./model-spec.js";
import { classificationResult, regressionResult, specOf } from "./results.js";

/** Options for checking the method names of signatures. */
export interface ExamplesChecks {
  readonly classify: CheckMethod;
  readonly regress: CheckMethod;
}

/** One of the two APIs with examples: the function that runs it, and its response messages. */
export interface ExamplesApi<A extends { readonly id: ServableId }> {
  readonly api: string;
  readonly check: keyof ExamplesChecks;
  run(version: CalledVersion, call: ExamplesCall, checkMethod: CheckMethod): Promise<A>;
  resultOf(answer: A): object;
  /** The field of an InferenceResult that holds the result. */
  readonly field: string;
  readonly response: ReturnType<typeof messageOfType>;
}

/** The API of a ClassificationRequest. */
export const CLASSIFY: ExamplesApi<Classifications> = {
  ...{ api: "Classify", check: "classify", run: classify, resultOf: classificationResult },
  field: "classification_result",
  response: messageOfType("ClassificationResponse"),
};

/** The API of a RegressionRequest. */
export const REGRESS: ExamplesApi<Regressions> = {
  ...{ api: "Regress", check: "regress", run: regress, resultOf: regressionResult },
  field: "regression_result",
  response: messageOfType("RegressionResponse"),
};

/** Handles a ClassificationRequest or a RegressionRequest. */
export function grpcExamples<A extends { readonly id: ServableId }>(
  { api, check, run, resultOf, response }: ExamplesApi<A>,
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
  checks: ExamplesChecks,
): Promise<Uint8Array> {
  let spec: ModelSpec;
  return core.call<A, Uint8Array, ExamplesRequest>(
    {
      api,
      body: (allowance) => readExamplesRequest(bytes, allowance),
      locate({ modelSpec }) {
        const servable = servableRequest(modelSpec);
        spec = modelSpec as ModelSpec;
        return servable;
      },
      run: (version, { examples }) =>
        run(version, { signature: spec.signatureName, examples: () => examples }, checks[check]),
      encode: (answer) =>
        response.encode({ model_spec: specOf(answer, spec), result: resultOf(answer) }),
    },
    context,
  );
}

/** One task of a MultiInferenceRequest. */
export interface ExamplesTask {
  readonly servable: ServableRequest;
  readonly spec: ModelSpec;
  readonly examples: readonly Uint8Array[];
}

/** Runs a task of a MultiInferenceRequest; resolves with its InferenceResult. */
export function examplesTask<A extends { readonly id: ServableId }>(
  { api, check, run, resultOf, field }: ExamplesApi<A>,
  core: ServerCore,
  { servable, spec, examples }: ExamplesTask,
  context: CallContext,
  checks: ExamplesChecks,
): Promise<object> {
  const call = { signature: spec.signatureName, examples: () => examples };
  return core.call<A, object>(
    {
      api,
      servable,
      run: (version) => run(version, call, checks[check]),
      encode: (answer) => ({ model_spec: specOf(answer, spec), [field]: resultOf(answer) }),
    },
    context,
  );
}

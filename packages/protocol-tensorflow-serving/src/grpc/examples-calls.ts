import type { ServableRequest } from "@serving-kit/core";
import type { CallContext, ServerCore } from "@serving-kit/server";
import type { ModelSpec } from "@serving-kit/tensorflow-wire";
import { classify } from "../calls/classify.js";
import type { CheckMethod } from "../calls/method-name.js";
import { regress } from "../calls/regress.js";
import { type ExamplesRequest, readExamplesRequest } from "./example-messages.js";
import { messageOfType } from "./messages.js";
import { servableRequest } from "./model-spec.js";
import { classificationResult, regressionResult, specOf } from "./results.js";

const classificationResponse = messageOfType("ClassificationResponse");
const regressionResponse = messageOfType("RegressionResponse");

/** How the method names of signatures are checked. */
export interface ExamplesChecks {
  readonly classify: CheckMethod;
  readonly regress: CheckMethod;
}

/** Answers a ClassificationRequest. */
export function grpcClassify(
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
  checks: ExamplesChecks,
): Promise<Uint8Array> {
  const request = new ReadRequest(bytes);
  return core.call(
    {
      api: "Classify",
      ...request.reading,
      run: (version) => classify(version, request.call, checks.classify),
      encode: (answer) => {
        const result = classificationResult(answer);
        return classificationResponse.encode({ model_spec: specOf(answer, request.spec), result });
      },
    },
    context,
  );
}

/** Answers a RegressionRequest. */
export function grpcRegress(
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
  checks: ExamplesChecks,
): Promise<Uint8Array> {
  const request = new ReadRequest(bytes);
  return core.call(
    {
      api: "Regress",
      ...request.reading,
      run: (version) => regress(version, request.call, checks.regress),
      encode: (answer) => {
        const result = regressionResult(answer);
        return regressionResponse.encode({ model_spec: specOf(answer, request.spec), result });
      },
    },
    context,
  );
}

/** A ClassificationRequest or RegressionRequest on its way through a call. */
class ReadRequest {
  readonly #bytes: Uint8Array;
  #read: ExamplesRequest | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get reading() {
    return {
      body: () => this.#bytes,
      locate: (body: Uint8Array): ServableRequest => {
        this.#read = readExamplesRequest(body);
        return servableRequest(this.#read.modelSpec);
      },
    };
  }

  get spec(): ModelSpec {
    return this.#read?.modelSpec as ModelSpec;
  }

  get call() {
    return { signature: this.spec.signatureName, examples: () => this.#read?.examples ?? [] };
  }
}

/** One task of a MultiInferenceRequest. */
export interface ExamplesTask {
  readonly servable: ServableRequest;
  readonly spec: ModelSpec;
  readonly examples: readonly Uint8Array[];
}

/** Runs a task that classifies; resolves with its InferenceResult. */
export function classifyTask(
  core: ServerCore,
  { servable, spec, examples }: ExamplesTask,
  context: CallContext,
  checks: ExamplesChecks,
): Promise<object> {
  const call = { signature: spec.signatureName, examples: () => examples };
  return core.call(
    {
      api: "Classify",
      servable,
      run: (version) => classify(version, call, checks.classify),
      encode: (answer) => ({
        model_spec: specOf(answer, spec),
        classification_result: classificationResult(answer),
      }),
    },
    context,
  );
}

/** Runs a task that regresses; resolves with its InferenceResult. */
export function regressTask(
  core: ServerCore,
  { servable, spec, examples }: ExamplesTask,
  context: CallContext,
  checks: ExamplesChecks,
): Promise<object> {
  const call = { signature: spec.signatureName, examples: () => examples };
  return core.call(
    {
      api: "Regress",
      servable,
      run: (version) => regress(version, call, checks.regress),
      encode: (answer) => ({
        model_spec: specOf(answer, spec),
        regression_result: regressionResult(answer),
      }),
    },
    context,
  );
}

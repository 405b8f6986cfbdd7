import { specific } from "@serving-kit/core";
import { classify } from "../calls/classify.js";
import { regress } from "../calls/regress.js";
import { errors } from "../errors.js";
import type { CallContext, ServerCore } from "../server-core.js";
import { codecOf } from "./codec.js";
import { type InferenceTask, readMultiInferenceRequest } from "./example-messages.js";
import { effectiveSignature, type ModelSpec, servableRequest } from "./model-spec.js";
import { classificationResult, regressionResult, specOf } from "./results.js";

const CLASSIFY = "tensorflow/serving/classify";
const REGRESS = "tensorflow/serving/regress";

/** What a request without tasks, or whose first task has no ModelSpec, asks for. */
const NAMELESS: ModelSpec = { name: "", signatureName: "" };

const multiInferenceResponse = codecOf("tensorflow.serving.MultiInferenceResponse");

/**
 * Answers a MultiInferenceRequest: several classifications and regressions of the same examples by
 * one version of one model, each through a signature of its own.
 *
 * @throws ServingError with TF Serving's texts: INVALID_ARGUMENT / REQUEST_UNFIT or SIGNATURE_UNFIT,
 * UNIMPLEMENTED / METHOD_UNSUPPORTED, and what `classify` and `regress` throw.
 */
export async function multiInference(
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
): Promise<Uint8Array> {
  const { tasks, examples } = readMultiInferenceRequest(bytes);
  // Held until all tasks have run, so that one version answers them all.
  using handle = core.acquire(servableRequest(tasks[0]?.modelSpec ?? NAMELESS));
  checkTasks(tasks, new Set(handle.servable.signatures.keys()));
  const run = async ({ modelSpec, methodName }: InferenceTask): Promise<object> => {
    const spec = modelSpec as ModelSpec;
    const call = { signature: spec.signatureName, examples };
    const request = specific(handle.id);
    if (methodName === CLASSIFY) {
      const answer = await classify(core, request, call, context);
      return {
        model_spec: specOf(answer, spec),
        classification_result: classificationResult(answer),
      };
    }
    const answer = await regress(core, request, call, context);
    return { model_spec: specOf(answer, spec), regression_result: regressionResult(answer) };
  };
  return multiInferenceResponse.encode({ results: await Promise.all(tasks.map(run)) });
}

function checkTasks(tasks: readonly InferenceTask[], signatures: ReadonlySet<string>): void {
  const name = tasks[0]?.modelSpec?.name;
  const seen = new Set<string>();
  for (const { modelSpec, methodName } of tasks) {
    if (!modelSpec?.name) throw errors.requestUnfit("Found ModelSpec with an empty model name.");
    if (modelSpec.name !== name) {
      throw errors.requestUnfit(
        "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
      );
    }
    const signature = effectiveSignature(modelSpec);
    if (seen.has(signature)) {
      throw errors.requestUnfit(`Duplicate evaluation of signature: ${signature}`);
    }
    seen.add(signature);
    if (!signatures.has(signature)) {
      throw errors.requestUnfit(`Requested signature not found in model graph: ${signature}`);
    }
    if (methodName !== CLASSIFY && methodName !== REGRESS) {
      throw errors.methodUnsupported(methodName);
    }
  }
}

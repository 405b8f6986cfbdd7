import { type ServableId, specific } from "@serving-kit/core";
import type { CallContext, ServerCore } from "@serving-kit/server";
import type { ModelSpec } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";
import { type InferenceTask, readMultiInferenceRequest } from "./example-messages.js";
import {
  CLASSIFY as CLASSIFY_API,
  type ExamplesChecks,
  examplesTask,
  REGRESS as REGRESS_API,
} from "./examples-calls.js";
import { messageOfType } from "./messages.js";
import { effectiveSignature, servableRequest } from "./model-spec.js";

const CLASSIFY = "tensorflow/serving/classify";
const REGRESS = "tensorflow/serving/regress";

/** The ModelSpec of a request without tasks, or whose first task has no ModelSpec. */
const NAMELESS: ModelSpec = { name: "", signatureName: "" };

const multiInferenceResponse = messageOfType("MultiInferenceResponse");

/**
 * Handles a MultiInferenceRequest: several classifications and regressions of the same examples by one version of one
 * model, each with its own signature.
 *
 * @throws ServingError with TF Serving's texts: INVALID_ARGUMENT / REQUEST_UNFIT or SIGNATURE_UNFIT, UNIMPLEMENTED /
 * METHOD_UNSUPPORTED, and errors of `classify` and `regress`.
 */
export function multiInference(
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
  checks: ExamplesChecks,
): Promise<Uint8Array> {
  let tasks: readonly InferenceTask[];
  let examples: readonly Uint8Array[];
  const run = ({ modelSpec, methodName }: InferenceTask, id: ServableId): Promise<object> => {
    const task = { servable: specific(id), spec: modelSpec as ModelSpec, examples };
    return methodName === CLASSIFY
      ? examplesTask(CLASSIFY_API, core, task, context, checks)
      : examplesTask(REGRESS_API, core, task, context, checks);
  };
  // Not observed, because its tasks are. It holds the version until all have run, so that one version runs them all.
  return core.call<object[], Uint8Array, void>(
    {
      body(allowance) {
        ({ tasks, examples } = readMultiInferenceRequest(bytes, allowance));
      },
      locate() {
        return servableRequest(tasks[0]?.modelSpec ?? NAMELESS);
      },
      run({ id, predictor }) {
        checkTasks(tasks, new Set(predictor.signatures.keys()));
        return Promise.all(tasks.map((task) => run(task, id)));
      },
      encode: (results) => multiInferenceResponse.encode({ results }),
    },
    context,
  );
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

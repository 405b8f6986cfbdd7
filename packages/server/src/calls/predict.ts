import type { ServableHandle, ServableRequest } from "@serving-kit/core";
import { type PredictOptions, type Predictor, renamed, settleCall } from "@serving-kit/inference";
import type { CallContext, ServerCore } from "../server-core.js";
import type { CallApi } from "./call-observer.js";
import { checkMethodName } from "./method-name.js";
import { observed } from "./observed.js";
import type { PredictAnswer, PredictCall } from "./predict-call.js";

/**
 * Reads a call in the light of the predictor's signatures.
 *
 * @param checkMethod Must be called with the signature as soon as it is found, in TF Serving's order: throws
 * if the server checks method names and the signature is for another method.
 */
export type PrepareCall<C extends PredictCall> = (
  predictor: Predictor,
  checkMethod: (signature: string | undefined) => void,
) => C;

/**
 * Acquires what the request names, lets `prepare` read the call in the light of its signatures, and
 * predicts. Every transport's predict, classify and regress go through here.
 *
 * The handle is held from before `prepare` until the outputs are there. The call rejects at its deadline and
 * when its signal aborts, also if the predictor ignores them; disposal then waits for the run, not the handle.
 *
 * @param api What the call is counted as, where the server has metrics, and what its signature must
 * be for, where that is checked.
 * @throws ServingError of `Manager.acquire`, of `prepare`, or of the predictor.
 */
export function predict<C extends PredictCall>(
  core: ServerCore,
  request: ServableRequest,
  prepare: PrepareCall<C>,
  context: CallContext = {},
  api: CallApi = "Predict",
): Promise<PredictAnswer<C>> {
  return observed(core, request.name, api, context, (watched) =>
    run(core, request, prepare, watched, api),
  );
}

async function run<C extends PredictCall>(
  core: ServerCore,
  request: ServableRequest,
  prepare: PrepareCall<C>,
  context: CallContext,
  api: CallApi,
): Promise<PredictAnswer<C>> {
  const { observation } = context;
  const handle: ServableHandle<Predictor> = core.acquire(request);
  try {
    const predictor = handle.servable;
    const call = prepare(predictor, (name) => {
      if (core.checksMethodNames) checkMethodName(predictor, name, api);
    });
    observation?.running(handle.id, call);
    const outputs = await settleCall(
      predictor.predict(call.inputs, optionsOf(call, context)),
      context,
      core.clock,
    );
    observation?.ran();
    return { id: handle.id, call, outputs: renamed(outputs, call.outputNames) };
  } finally {
    handle.release();
  }
}

function optionsOf(call: PredictCall, { signal, deadlineAtMs }: CallContext): PredictOptions {
  const options: { -readonly [K in keyof PredictOptions]: PredictOptions[K] } = {};
  if (call.signature) options.signature = call.signature;
  if (call.outputs) options.outputs = call.outputs;
  if (signal) options.signal = signal;
  if (deadlineAtMs !== undefined) options.deadlineAtMs = deadlineAtMs;
  return options;
}

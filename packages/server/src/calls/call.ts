import type { Clock, ServableHandle, ServableId } from "@serving-kit/core";
import {
  type PredictOptions,
  type Predictor,
  renamed,
  settleCall,
  type Tensors,
} from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { Acquire } from "../plugins/acquire-decorator.js";
import type { CallAllowance, CallBudget } from "../plugins/call-budget.js";
import type { CallObservation } from "../plugins/observer.js";
import type { PredictCall } from "../plugins/predict-call.js";
import type { CallContext, CalledVersion, ServableCall } from "../plugins/server-core.js";

/** The parts of an event loop that `makeCall` uses. */
export interface CallHost {
  readonly acquire: Acquire;
  readonly budget: CallBudget;
  readonly clock: Clock;
  /** Begins to observe a call of the model. */
  observe(api: string, model: string, context: CallContext): CallObservation | undefined;
}

const NO_BODY = new Uint8Array(0);

/** Contract: `ServerCore.call`. The one path of every call of every protocol. */
export async function makeCall<T, R, B = Uint8Array>(
  host: CallHost,
  call: ServableCall<T, R, B>,
  context: CallContext = {},
): Promise<R> {
  const { acquire, clock } = host;
  let model = call.servable?.name ?? "";
  let observation: CallObservation | undefined;
  let allowance: CallAllowance | undefined;
  try {
    if (call.servable && call.body) acquire(call.servable).release(); // an unknown one costs no body
    allowance = host.budget.open();
    const given = call.body ? call.body(allowance) : (NO_BODY as B);
    const body = given instanceof Promise ? await given : given;
    const servable = call.servable ?? located(call, body);
    model = servable.name;
    observation = begin(host, call, model, context);
    const limits = withDeadline(context, clock);
    const handle = acquire(servable);
    let outcome: T;
    const version = new RunningVersion(handle, limits, allowance, observation);
    try {
      const running = call.run(version, body);
      outcome = running instanceof Promise ? await settleCall(running, limits, clock) : running;
    } finally {
      version.hasEnded = true;
      handle.release();
    }
    const answer = call.encode ? call.encode(outcome, version.id) : (outcome as unknown as R);
    observation?.end();
    return answer;
  } catch (error) {
    (observation ?? begin(host, call, model, context))?.end(error);
    throw error;
  } finally {
    allowance?.[Symbol.dispose]();
  }
}

function begin(
  host: CallHost,
  { api }: Pick<ServableCall<unknown>, "api">,
  model: string,
  context: CallContext,
): CallObservation | undefined {
  return api === undefined ? undefined : host.observe(api, model, context);
}

function located<B>(call: Pick<ServableCall<unknown, unknown, B>, "locate">, body: B) {
  if (call.locate === undefined) throw errors.callUnlocated();
  return call.locate(body);
}

/** The context with the deadline that its timeout means, counted from now. */
function withDeadline(context: CallContext, clock: Clock): CallContext {
  const { deadlineAtMs, timeoutMs = Number.POSITIVE_INFINITY } = context;
  if (deadlineAtMs !== undefined || timeoutMs === Number.POSITIVE_INFINITY) return context;
  return { deadlineAtMs: clock.now() + timeoutMs, signal: context.signal };
}

/** A version while it answers one call. */
class RunningVersion implements CalledVersion {
  readonly id: ServableId;
  readonly predictor: Predictor;
  readonly allowance: CallAllowance;
  /** Whether the call is over: what comes later is no longer observed. */
  hasEnded = false;
  readonly #limits: CallContext;
  readonly #observation: CallObservation | undefined;

  constructor(
    { id, servable }: ServableHandle<Predictor>,
    limits: CallContext,
    allowance: CallAllowance,
    observation: CallObservation | undefined,
  ) {
    this.id = id;
    this.predictor = servable;
    this.allowance = allowance;
    this.#limits = limits;
    this.#observation = observation;
  }

  async predict(call: PredictCall): Promise<Tensors> {
    if (this.hasEnded) throw errors.callEnded();
    this.#observation?.running(this.id, call);
    const outputs = await this.predictor.predict(call.inputs, optionsOf(call, this.#limits));
    if (!this.hasEnded) this.#observation?.ran();
    return renamed(outputs, call.outputNames);
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

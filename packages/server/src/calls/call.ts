import type { Clock, ServableHandle, ServableId, ServableRequest } from "@serving-kit/core";
import {
  type BodyAnswer,
  type PredictOptions,
  type Predictor,
  renamed,
  settleCall,
  type Tensors,
} from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { Acquire } from "../plugins/acquire-decorator.js";
import { type CallAllowance, UNLIMITED } from "../plugins/call-budget.js";
import type { CallObservation } from "../plugins/observer.js";
import type { PredictCall } from "../plugins/predict-call.js";
import type { CallContext, CalledVersion, ServableCall } from "../plugins/server-core.js";
import { shortened } from "../shown-text.js";

/** The parts of an event loop that `makeCall` uses. */
export interface CallHost {
  readonly acquire: Acquire;
  /** Acquires a version that `acquire` already chose for this call, without calling decorators again. */
  readonly reacquire: Acquire;
  readonly clock: Clock;
  /** Starts to observe a call of the model. */
  observe(api: string, model: string, context: CallContext): CallObservation | undefined;
}

const NO_BODY = new Uint8Array(0);

/** Contract: `ServerCore.call`. Every call of every protocol takes this path. */
export async function makeCall<T, R, B = Uint8Array>(
  host: CallHost,
  call: ServableCall<T, R, B>,
  context: CallContext = {},
): Promise<R> {
  let model = call.servable?.name ?? "";
  let observation: CallObservation | undefined;
  const { allowance = UNLIMITED, authorize } = context;
  try {
    if (call.servable && authorize) await authorize(model);
    const chosen = call.servable && call.body && choose(host, call.servable);
    const given = call.body ? call.body(allowance) : (NO_BODY as B);
    const body = given instanceof Promise ? await given : given;
    const servable = call.servable ?? located(call, body);
    model = servable.name;
    if (authorize && call.servable === undefined) await authorize(model);
    observation = begin(host, call, model, context);
    const limits = withDeadline(context, host.clock);
    const handle = hold(host, servable, chosen);
    const version = new RunningVersion(handle, limits, allowance, observation);
    let outcome: T;
    try {
      const running = call.run(version, body);
      outcome =
        running instanceof Promise ? await settleCall(running, limits, host.clock) : running;
      if (call.encode) version.ran(); // else the call ends with its run
    } finally {
      version.end();
    }
    const answer = call.encode ? call.encode(outcome, version.id) : (outcome as unknown as R);
    observation?.end();
    return answer;
  } catch (error) {
    (observation ?? begin(host, call, model, context))?.end(error);
    throw error;
  }
}

/** Returns the version that would be used now. Rejects an unknown version before the body is read. */
function choose({ acquire }: CallHost, request: ServableRequest): ServableId {
  const handle = acquire(request);
  handle.release();
  return handle.id;
}

/**
 * Returns a handle to the chosen version, or to another one if the chosen version was unloaded while the body
 * arrived.
 */
function hold(
  { acquire, reacquire }: CallHost,
  request: ServableRequest,
  chosen: ServableId | undefined,
): ServableHandle<Predictor> {
  if (chosen === undefined) return acquire(request);
  try {
    return reacquire(chosen);
  } catch {
    return acquire(request);
  }
}

function begin(
  host: CallHost,
  { api }: Pick<ServableCall<unknown>, "api">,
  model: string,
  context: CallContext,
): CallObservation | undefined {
  return api === undefined ? undefined : host.observe(api, shortened(model), context);
}

function located<B>(call: Pick<ServableCall<unknown, unknown, B>, "locate">, body: B) {
  if (call.locate === undefined) throw errors.callUnlocated();
  return call.locate(body);
}

/** Returns the context with the deadline of its timeout, starting now. */
function withDeadline(context: CallContext, clock: Clock): CallContext {
  const { deadlineAtMs, timeoutMs = Number.POSITIVE_INFINITY } = context;
  if (deadlineAtMs !== undefined || timeoutMs === Number.POSITIVE_INFINITY) return context;
  return { deadlineAtMs: clock.now() + timeoutMs, signal: context.signal };
}

/** A version while it serves one call. */
class RunningVersion implements CalledVersion {
  readonly id: ServableId;
  readonly predictor: Predictor;
  readonly allowance: CallAllowance;
  readonly #handle: ServableHandle<Predictor>;
  /** True if the call has ended; later events are not observed. */
  #hasEnded = false;
  #isRunning = false;
  readonly #limits: CallContext;
  readonly #observation: CallObservation | undefined;

  constructor(
    handle: ServableHandle<Predictor>,
    limits: CallContext,
    allowance: CallAllowance,
    observation: CallObservation | undefined,
  ) {
    this.#handle = handle;
    this.id = handle.id;
    this.predictor = handle.servable;
    this.allowance = allowance;
    this.#limits = limits;
    this.#observation = observation;
  }

  predict(call: PredictCall): Promise<Tensors> {
    if (this.#hasEnded) return Promise.reject(errors.callEnded());
    this.ran();
    this.#isRunning = true;
    this.#observation?.running(this.id, call);
    const options = optionsOf(call, this.#limits, this.#onFact());
    const outputs = this.predictor.predict(call.inputs, options);
    const { outputNames } = call;
    return outputNames ? outputs.then((named) => renamed(named, outputNames)) : outputs;
  }

  throwIfEnded(): void {
    if (this.#hasEnded) throw errors.callEnded();
  }

  /** Ends the run in progress: before another run, and at the end of the call. */
  ran(): void {
    if (this.#isRunning) this.#observation?.ran();
    this.#isRunning = false;
  }

  end(): void {
    this.#hasEnded = true;
    this.#handle.release();
  }

  respond(body: Uint8Array, format: string): Promise<BodyAnswer> {
    const { respond } = this.predictor;
    if (respond === undefined) return Promise.reject(errors.respondMissing(this.id));
    if (this.#hasEnded) return Promise.reject(errors.callEnded());
    this.ran();
    this.#isRunning = true;
    const call = { inputs: NO_TENSORS, body };
    this.#observation?.running(this.id, call);
    const options = optionsOf(call, this.#limits, this.#onFact());
    return respond.call(this.predictor, body, format, options);
  }

  /** Forwards facts while the call is observed. */
  #onFact(): PredictOptions["onFact"] {
    const observation = this.#observation;
    if (observation?.fact === undefined) return undefined;
    return (name, value) => {
      if (!this.#hasEnded) observation.fact?.(name, value);
    };
  }
}

const NO_TENSORS: Tensors = Object.freeze({});

function optionsOf(
  call: PredictCall,
  { signal, deadlineAtMs }: CallContext,
  onFact: PredictOptions["onFact"],
): PredictOptions {
  const options: { -readonly [K in keyof PredictOptions]: PredictOptions[K] } = {};
  if (call.signature) options.signature = call.signature;
  if (call.outputs) options.outputs = call.outputs;
  if (signal) options.signal = signal;
  if (onFact) options.onFact = onFact;
  if (deadlineAtMs !== undefined) options.deadlineAtMs = deadlineAtMs;
  return options;
}

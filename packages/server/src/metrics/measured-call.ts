import type { Clock, ServableId } from "@serving-kit/core";
import type { CallApi, CallObservation, CallObserver } from "../calls/call-observer.js";
import type { PredictCall } from "../calls/predict-call.js";
import type { RequestLog } from "../request-log/request-log.js";
import type { LoggedRequest } from "../request-log/request-log-sink.js";
import { statusOf } from "../status-mapping.js";
import type { EndedCall, Entrypoint } from "./call-metrics.js";
import type { ServerMetrics } from "./server-metrics.js";

/** What is told of calls. */
export interface Observers {
  readonly metrics: ServerMetrics | undefined;
  readonly requestLog: Pick<RequestLog, "sample" | "add"> | undefined;
  readonly clock: Clock;
}

/** Makes the observer of the calls of one transport. */
export function observerOf(observers: Observers, entrypoint: Entrypoint): CallObserver {
  return { begin: (model, api) => new MeasuredCall(observers, entrypoint, model, api) };
}

class MeasuredCall implements CallObservation, EndedCall {
  readonly model: string;
  readonly api: CallApi;
  readonly entrypoint: Entrypoint;
  readonly beganAtMs: number;
  endedAtMs = 0;
  id: ServableId | undefined;
  signature: string | undefined;
  runMs: number | undefined;
  examples = 0;
  status = "OK";
  readonly #observers: Observers;
  #logged: LoggedRequest | undefined;
  #runsSinceMs = 0;

  constructor(observers: Observers, entrypoint: Entrypoint, model: string, api: CallApi) {
    this.#observers = observers;
    this.entrypoint = entrypoint;
    this.model = model;
    this.api = api;
    this.beganAtMs = observers.clock.now();
  }

  running(id: ServableId, call: PredictCall): void {
    const { signature, inputs } = call;
    this.id = id;
    this.signature = signature;
    if (this.api !== "Predict") this.examples = inputs.inputs?.shape[0] ?? 0;
    this.#logged = this.#observers.requestLog?.sample(this.api, id, call);
    this.#runsSinceMs = this.#observers.clock.now();
  }

  ran(): void {
    this.runMs = this.#observers.clock.now() - this.#runsSinceMs;
  }

  end(error?: unknown): void {
    this.endedAtMs = this.#observers.clock.now();
    const { metrics, requestLog } = this.#observers;
    if (error !== undefined) this.status = statusOf(error).code;
    else if (this.#logged) requestLog?.add(this.#logged);
    metrics?.record(this);
  }
}

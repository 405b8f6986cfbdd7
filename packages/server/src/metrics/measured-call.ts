import type { Clock, ServableId } from "@serving-kit/core";
import type { CallApi, CallObservation, CallObserver } from "../call-observer.js";
import type { PredictCall } from "../predict.js";
import { statusOf } from "../status-mapping.js";
import type { EndedCall, Entrypoint } from "./call-metrics.js";
import type { ServerMetrics } from "./server-metrics.js";

/** Makes the observer of the calls of one transport. */
export function observerOf(
  metrics: ServerMetrics,
  clock: Clock,
  entrypoint: Entrypoint,
): CallObserver {
  return { begin: (model, api) => new MeasuredCall(metrics, clock, entrypoint, model, api) };
}

class MeasuredCall implements CallObservation, EndedCall {
  readonly model: string;
  readonly api: CallApi;
  readonly entrypoint: Entrypoint;
  readonly beganAtMs: number;
  endedAtMs = 0;
  id: ServableId | undefined;
  signatureName: string | undefined;
  runMs: number | undefined;
  examples = 0;
  status = "OK";
  readonly #metrics: ServerMetrics;
  readonly #clock: Clock;
  #runsSinceMs = 0;

  constructor(
    metrics: ServerMetrics,
    clock: Clock,
    entrypoint: Entrypoint,
    model: string,
    api: CallApi,
  ) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.entrypoint = entrypoint;
    this.model = model;
    this.api = api;
    this.beganAtMs = clock.now();
  }

  running(id: ServableId, { signatureName, inputs }: PredictCall): void {
    this.id = id;
    this.signatureName = signatureName;
    if (this.api !== "Predict") this.examples = inputs.inputs?.shape[0] ?? 0;
    this.#runsSinceMs = this.#clock.now();
  }

  ran(): void {
    this.runMs = this.#clock.now() - this.#runsSinceMs;
  }

  end(error?: unknown): void {
    this.endedAtMs = this.#clock.now();
    if (error !== undefined) this.status = statusOf(error).code;
    this.#metrics.record(this);
  }
}

import type { Clock, ServableId } from "@serving-kit/core";
import {
  type CallObservation,
  type CallStart,
  type LoggedRequest,
  type PredictCall,
  statusOf,
} from "@serving-kit/server";
import type { EndedCall } from "./metrics/call-metrics.js";
import type { ServerMetrics } from "./metrics/server-metrics.js";
import { examplesOf } from "./request-log/prediction-log.js";
import type { RequestLog } from "./request-log/request-log.js";

/** The metrics and the request log that a call is reported to. */
export interface Measures {
  readonly metrics: ServerMetrics | undefined;
  readonly requestLog: Pick<RequestLog, "sample" | "add"> | undefined;
  readonly clock: Clock;
}

/** Measures one call, and logs it if it is sampled and succeeds. */
export class MeasuredCall implements CallObservation, EndedCall {
  readonly model: string;
  readonly api: string;
  readonly entrypoint: string;
  readonly beganAtMs: number;
  endedAtMs = 0;
  id: ServableId | undefined;
  signature: string | undefined;
  runMs: number | undefined;
  examples = 0;
  status = "OK";
  readonly #measures: Measures;
  #logged: LoggedRequest | undefined;
  #runsSinceMs = 0;

  constructor(measures: Measures, { model, api, entrypoint }: CallStart) {
    this.#measures = measures;
    this.entrypoint = entrypoint;
    this.model = model;
    this.api = api;
    this.beganAtMs = measures.clock.now();
  }

  running(id: ServableId, call: PredictCall): void {
    const { api } = this;
    this.id = id;
    this.signature = call.signature;
    if (api === "Classify" || api === "Regress") this.examples = examplesOf(call)?.shape[0] ?? 0;
    this.#logged = this.#measures.requestLog?.sample(api, id, call);
    this.#runsSinceMs = this.#measures.clock.now();
  }

  ran(): void {
    this.runMs = this.#measures.clock.now() - this.#runsSinceMs;
  }

  end(error?: unknown): void {
    this.endedAtMs = this.#measures.clock.now();
    const { metrics, requestLog } = this.#measures;
    if (error !== undefined) this.status = statusOf(error).code;
    else {
      if (this.id !== undefined) this.runMs ??= this.endedAtMs - this.#runsSinceMs;
      if (this.#logged) requestLog?.add(this.#logged);
    }
    metrics?.record(this);
  }
}

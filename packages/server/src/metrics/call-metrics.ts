import type { ServableId } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import { Counter, Histogram, type Registry } from "prom-client";
import type { CallApi } from "../call-observer.js";

/** Which transport a call came by, as TF Serving's metrics name it. */
export type Entrypoint = "GRPC" | "REST";

/** What is known of a call when it is over. Times are those of a Clock, in milliseconds. */
export interface EndedCall {
  readonly model: string;
  readonly api: CallApi;
  readonly entrypoint: Entrypoint;
  /** Absent when no version was found, or the call could not be read. */
  readonly id: ServableId | undefined;
  readonly signatureName: string | undefined;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** How long the model ran, its time in a batching queue included; undefined where it gave no answer. */
  readonly runMs: number | undefined;
  /** How many examples a Classify or Regress was for. */
  readonly examples: number;
  /** The name of the status code. */
  readonly status: string;
}

const LATENCY_BUCKETS = Array.from({ length: 33 }, (_, n) =>
  Number((10 * 1.8 ** n).toPrecision(6)),
);
const EXAMPLE_BUCKETS = Array.from({ length: 15 }, (_, n) => 2 ** n);

/** The label of models that are not configured: names from outside must not fill the memory. */
const UNKNOWN_MODEL = "(unknown)";

/**
 * The counts and latencies of calls, with the names, labels and buckets of TF Serving
 * (servables/tensorflow/util.cc): all calls are counted, those that succeed have latencies.
 */
export class CallMetrics {
  readonly #requests: Counter;
  readonly #requestLatency: Histogram;
  readonly #runtimeLatency: Histogram;
  readonly #exampleCounts: Histogram;
  readonly #examplesTotal: Counter;
  readonly #hasVersionLabels: boolean;
  readonly #isKnown: (model: string) => boolean;

  constructor(registry: Registry, hasVersionLabels: boolean, isKnown: (model: string) => boolean) {
    this.#hasVersionLabels = hasVersionLabels;
    this.#isKnown = isKnown;
    const more = hasVersionLabels ? ["version", "signature_name"] : [];
    const registers = [registry];
    this.#requests = new Counter({
      name: ":tensorflow:serving:request_count",
      help: "The total number of requests.",
      labelNames: ["model_name", "status", ...more],
      registers,
    });
    this.#requestLatency = new Histogram({
      name: ":tensorflow:serving:request_latency",
      help: "Microseconds from the request's beginning to its answer.",
      labelNames: ["model_name", "API", "entrypoint", ...more],
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#runtimeLatency = new Histogram({
      name: ":tensorflow:serving:runtime_latency",
      help: "Microseconds that the model took, its batching queue included.",
      labelNames: ["model_name", "API", "runtime", ...more],
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#exampleCounts = new Histogram({
      name: ":tensorflow:serving:request_example_counts",
      help: "The number of tf.Examples per request.",
      labelNames: ["model"],
      buckets: EXAMPLE_BUCKETS,
      registers,
    });
    this.#examplesTotal = new Counter({
      name: ":tensorflow:serving:request_example_count_total",
      help: "The total number of tf.Examples.",
      labelNames: ["model"],
      registers,
    });
  }

  /** Counts a call that is over. */
  record(call: EndedCall): void {
    const { id, api, entrypoint, status, runMs, examples } = call;
    const model = id || this.#isKnown(call.model) ? call.model : UNKNOWN_MODEL;
    const more = this.#hasVersionLabels
      ? {
          version: id ? String(id.version) : "",
          signature_name: id ? call.signatureName || DEFAULT_SIGNATURE : "",
        }
      : undefined;
    this.#requests.inc({ model_name: model, status, ...more });
    if (runMs !== undefined) {
      const labels = { model_name: model, API: api, runtime: "serving-kit", ...more };
      this.#runtimeLatency.observe(labels, 1_000 * runMs);
    }
    if (status === "OK") {
      const labels = { model_name: model, API: api, entrypoint, ...more };
      this.#requestLatency.observe(labels, 1_000 * (call.endedAtMs - call.beganAtMs));
    }
    if (examples > 0) {
      this.#exampleCounts.observe({ model }, examples);
      this.#examplesTotal.inc({ model }, examples);
    }
  }
}

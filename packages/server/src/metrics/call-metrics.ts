import type { ServableId } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import { Counter, Histogram, type Registry } from "prom-client";
import type { CallApi } from "../calls/call-observer.js";
import { type CounterSeries, SeriesCounter } from "./series-counter.js";
import { exponentialBounds, type HistogramSeries, SeriesHistogram } from "./series-histogram.js";
import type { LabelValues } from "./series-metric.js";
import type { VersionSeries } from "./version-series.js";

/** Which transport a call came by, as TF Serving's metrics name it. */
export type Entrypoint = "GRPC" | "REST";

/** What is known of a call when it is over. Times are those of a Clock, in milliseconds. */
export interface EndedCall {
  readonly model: string;
  readonly api: CallApi;
  readonly entrypoint: Entrypoint;
  /** Absent when no version was found, or the call could not be read. */
  readonly id: ServableId | undefined;
  readonly signature: string | undefined;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** How long the model ran, its time in a batching queue included; undefined where it gave no answer. */
  readonly runMs: number | undefined;
  /** How many examples a Classify or Regress was for. */
  readonly examples: number;
  /** The name of the status code. */
  readonly status: string;
}

/** The buckets of the latencies of calls and of warm-up, in microseconds. */
export const LATENCY_BOUNDS = exponentialBounds(10, 1.8, 33);

const EXAMPLE_BUCKETS = exponentialBounds(1, 2, 15);

/** The label of models that are not configured: names from outside must not fill the memory. */
const UNKNOWN_MODEL = "(unknown)";

/** What is counted of calls that have all labels in common. */
interface AlikeCalls {
  /** The labels of the count but for the status, and those that were asked for beside TF Serving's. */
  readonly model: string;
  readonly more: LabelValues | undefined;
  /** Those that succeeded; there from the first on. */
  succeeded: CounterSeries | undefined;
  readonly requestLatency: HistogramSeries;
  readonly runtimeLatency: HistogramSeries;
}

type BySignature = Map<string, AlikeCalls>;

/**
 * The counts and latencies of calls, with the names, labels and buckets of TF Serving
 * (servables/tensorflow/util.cc): all calls are counted, those that succeed have latencies.
 */
export class CallMetrics {
  readonly #requests: SeriesCounter;
  readonly #requestLatency: SeriesHistogram;
  readonly #runtimeLatency: SeriesHistogram;
  readonly #alike = new Map<string, AlikeCalls>();
  /** The same by what a call has at hand. */
  #alikeOf = new WeakMap<ServableId, Map<Entrypoint, Map<CallApi, BySignature>>>();
  readonly #exampleCounts: Histogram;
  readonly #examplesTotal: Counter;
  readonly #versions: VersionSeries | undefined;
  readonly #isKnown: (model: string) => boolean;

  /** With `versions` calls are told apart by version and signature, and those of a version go with it. */
  constructor(
    registry: Registry,
    versions: VersionSeries | undefined,
    isKnown: (model: string) => boolean,
  ) {
    this.#versions = versions;
    this.#isKnown = isKnown;
    const registers = [registry];
    this.#requests = new SeriesCounter(
      registry,
      ":tensorflow:serving:request_count",
      "The total number of requests.",
    );
    this.#requestLatency = new SeriesHistogram(
      registry,
      ":tensorflow:serving:request_latency",
      "Microseconds from the request's beginning to its answer.",
      LATENCY_BOUNDS,
    );
    this.#runtimeLatency = new SeriesHistogram(
      registry,
      ":tensorflow:serving:runtime_latency",
      "Microseconds that the model took, its batching queue included.",
      LATENCY_BOUNDS,
    );
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
    const { id, status, runMs, examples } = call;
    const alike = id && this.#alikeCalls(id, call);
    if (id === undefined || alike === undefined) this.#countUnread(call);
    else {
      if (status === "OK") {
        alike.succeeded ??= this.#count(id, alike, status);
        alike.succeeded.value++;
        alike.requestLatency.observe(1_000 * (call.endedAtMs - call.beganAtMs));
      } else this.#count(id, alike, status).value++;
      if (runMs !== undefined) alike.runtimeLatency.observe(1_000 * runMs);
    }
    if (examples > 0) {
      this.#exampleCounts.observe({ model: call.model }, examples);
      this.#examplesTotal.inc({ model: call.model }, examples);
    }
  }

  /** Counts a call of which no version, or nothing that it could read, is known. */
  #countUnread({ model, status }: EndedCall): void {
    const model_name = this.#isKnown(model) ? model : UNKNOWN_MODEL;
    const more = this.#versions && { version: "", signature_name: "" };
    this.#requests.series({ model_name, status, ...more }).value++;
  }

  #alikeCalls(id: ServableId, { api, entrypoint, signature: name, model }: EndedCall): AlikeCalls {
    const signature = this.#versions ? name || DEFAULT_SIGNATURE : "";
    const found = this.#alikeOf.get(id)?.get(entrypoint)?.get(api)?.get(signature);
    if (found !== undefined) return found;
    const more = this.#versions && { version: String(id.version), signature_name: signature };
    const key = JSON.stringify([model, api, entrypoint, more]);
    const alike = this.#alike.get(key) ?? this.#newAlike(key, id, { model, api, entrypoint, more });
    const byApi = new Map(this.#alikeOf.get(id)?.get(entrypoint));
    byApi.set(api, new Map(byApi.get(api)).set(signature, alike));
    this.#alikeOf.set(id, new Map(this.#alikeOf.get(id)).set(entrypoint, byApi));
    return alike;
  }

  #newAlike(
    key: string,
    id: ServableId,
    {
      model,
      api,
      entrypoint,
      more,
    }: Pick<EndedCall, "model" | "api" | "entrypoint"> & Pick<AlikeCalls, "more">,
  ): AlikeCalls {
    const labels = { model_name: model, API: api };
    const alike = {
      model,
      more,
      succeeded: undefined,
      requestLatency: this.#requestLatency.series({ ...labels, entrypoint, ...more }),
      runtimeLatency: this.#runtimeLatency.series({ ...labels, runtime: "serving-kit", ...more }),
    };
    this.#alike.set(key, alike);
    this.#versions?.add(id, () => {
      this.#alike.delete(key);
      this.#alikeOf = new WeakMap();
      this.#requestLatency.remove(alike.requestLatency);
      this.#runtimeLatency.remove(alike.runtimeLatency);
    });
    return alike;
  }

  #count(id: ServableId, { model, more }: AlikeCalls, status: string): CounterSeries {
    return this.#requests.series({ model_name: model, status, ...more }, (series) =>
      this.#versions?.add(id, () => this.#requests.remove(series)),
    );
  }
}

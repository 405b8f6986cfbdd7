import type { ServableId } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import type { LabelValues, Metric } from "./metric-values.js";
import { type CounterSeries, SeriesCounter } from "./series-counter.js";
import { exponentialBounds, type HistogramSeries, SeriesHistogram } from "./series-histogram.js";
import type { VersionSeries } from "./version-series.js";

/** A completed call. Times are in milliseconds on a Clock. */
export interface EndedCall {
  readonly model: string;
  readonly api: string;
  readonly entrypoint: string;
  /** Undefined if no version was found, or the call could not be read. */
  readonly id: ServableId | undefined;
  readonly signature: string | undefined;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** The run time of the model, including its time in a batching queue; undefined if it returned no outputs. */
  readonly runMs: number | undefined;
  /** The number of examples of a Classify or Regress. */
  readonly examples: number;
  /** The name of the status code. */
  readonly status: string;
}

/** The buckets of the latencies of calls and of warm-up, in microseconds. */
export const LATENCY_BOUNDS = exponentialBounds(10, 1.8, 33);

const EXAMPLE_BOUNDS = exponentialBounds(1, 2, 15);

/** The label of models that are not configured: names from clients must not fill the memory. */
const UNKNOWN_MODEL = "(unknown)";

/** The series of calls that have all labels in common. */
interface AlikeCalls {
  /** The labels of the count except the status, including the additional labels that were configured. */
  readonly model: string;
  readonly more: LabelValues | undefined;
  readonly api: string;
  readonly entrypoint: string;
  /** Empty if there is no separate series for it. */
  readonly signature: string;
  /** The count of successful calls; absent before the first. */
  succeeded: CounterSeries | undefined;
  readonly requestLatency: HistogramSeries;
  readonly runtimeLatency: HistogramSeries;
}

/**
 * The counts and latencies of calls, with the names, labels and buckets of TF Serving (servables/tensorflow/util.cc):
 * counts include all calls, latencies only successful ones.
 */
export class CallMetrics {
  readonly #requests = new SeriesCounter(
    ":tensorflow:serving:request_count",
    "The total number of requests.",
  );
  readonly #requestLatency = new SeriesHistogram(
    ":tensorflow:serving:request_latency",
    "Microseconds from the start of a request to its response.",
    LATENCY_BOUNDS,
  );
  readonly #runtimeLatency = new SeriesHistogram(
    ":tensorflow:serving:runtime_latency",
    "Microseconds that the model took, including its batching queue.",
    LATENCY_BOUNDS,
  );
  readonly #exampleCounts = new SeriesHistogram(
    ":tensorflow:serving:request_example_counts",
    "The number of tf.Examples per request.",
    EXAMPLE_BOUNDS,
  );
  readonly #examplesTotal = new SeriesCounter(
    ":tensorflow:serving:request_example_count_total",
    "The total number of tf.Examples.",
  );
  readonly metrics: readonly Metric[] = [
    this.#requests,
    this.#requestLatency,
    this.#runtimeLatency,
    this.#exampleCounts,
    this.#examplesTotal,
  ];
  readonly #alike = new Map<string, AlikeCalls>();
  /** The series by version. Each version has few, so a scan is the fastest way to find one. */
  #alikeOf = new WeakMap<ServableId, AlikeCalls[]>();
  readonly #versions: VersionSeries | undefined;
  readonly #isKnown: (model: string) => boolean;

  /** With `versions`, each version and signature has its own series, which are removed with the version. */
  constructor(versions: VersionSeries | undefined, isKnown: (model: string) => boolean) {
    this.#versions = versions;
    this.#isKnown = isKnown;
  }

  /** Counts a completed call. */
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
      const labels = { model: call.model };
      this.#exampleCounts.series(labels).observe(examples);
      this.#examplesTotal.series(labels).value += examples;
    }
  }

  /** Counts a call whose version is unknown, or that could not be read. */
  #countUnread({ model, status }: EndedCall): void {
    const model_name = this.#isKnown(model) ? model : UNKNOWN_MODEL;
    const more = this.#versions && { version: "", signature_name: "" };
    this.#requests.series({ model_name, status, ...more }).value++;
  }

  #alikeCalls(id: ServableId, { api, entrypoint, signature: name, model }: EndedCall): AlikeCalls {
    const signature = this.#versions ? name || DEFAULT_SIGNATURE : "";
    const ofVersion = this.#alikeOf.get(id) ?? [];
    for (const one of ofVersion) {
      if (one.api === api && one.entrypoint === entrypoint && one.signature === signature)
        return one;
    }
    const more = this.#versions && { version: String(id.version), signature_name: signature };
    const key = JSON.stringify([model, api, entrypoint, more]);
    const about = { model, api, entrypoint, signature, more };
    const alike = this.#alike.get(key) ?? this.#newAlike(key, id, about);
    this.#alikeOf.set(id, [...ofVersion, alike]);
    return alike;
  }

  #newAlike(
    key: string,
    id: ServableId,
    about: Omit<AlikeCalls, "succeeded" | "requestLatency" | "runtimeLatency">,
  ): AlikeCalls {
    const { model, api, entrypoint, more } = about;
    const labels = { model_name: model, API: api };
    const alike = {
      ...about,
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

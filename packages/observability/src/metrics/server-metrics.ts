import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { ObserverHost, Refusal } from "@serving-kit/server";
import { BatchingMetrics } from "./batching-metrics.js";
import { CallMetrics, type EndedCall } from "./call-metrics.js";
import { expose } from "./exposition.js";
import { type Metric, type MetricValues, mergeMetrics, type Sample } from "./metric-values.js";
import type { MetricsOptions } from "./metrics-options.js";
import { SeriesCounter } from "./series-counter.js";
import { SourceMetrics } from "./source-metrics.js";
import { stateMetrics, VERSION_STATE } from "./state-metrics.js";
import { VersionSeries } from "./version-series.js";
import { WarmUpMetrics } from "./warm-up-metrics.js";

/** Interval in ms at which the lateness of the event loop is measured. */
const RESOLUTION_MS = 20;

/** The parts of the server that its metrics are read from. */
export type MeasuredHost = Pick<ObserverHost, "states" | "inspect" | "modelNames" | "clock">;

/** The metrics of one event loop, and the page with all of them. */
export class ServerMetrics implements Disposable {
  readonly #host: MeasuredHost;
  readonly #versions: VersionSeries;
  readonly #calls: CallMetrics;
  readonly #logged = new SeriesCounter(
    ":tensorflow:serving:request_log_count",
    "The total number of requests sampled for the request log.",
  );
  readonly #refused = new SeriesCounter(
    "serving_kit_refusals_total",
    "The total number of requests rejected and connections closed to protect the server, by kind.",
  );
  readonly batches = new BatchingMetrics();
  readonly sources = new SourceMetrics();
  readonly warmUps: WarmUpMetrics;
  readonly #counted: readonly Metric[];
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  /** `keptMs`: see `VersionSeries`. */
  constructor(host: MeasuredHost, { versionLabels = false }: MetricsOptions = {}, keptMs?: number) {
    this.#host = host;
    this.#versions = new VersionSeries(host, keptMs);
    const isKnown = (model: string) => host.modelNames().includes(model);
    this.#calls = new CallMetrics(versionLabels ? this.#versions : undefined, isKnown);
    this.warmUps = new WarmUpMetrics(this.#versions, host.clock);
    this.#counted = [
      ...this.#calls.metrics,
      this.#logged,
      this.#refused,
      ...this.batches.metrics,
      ...this.warmUps.metrics,
      ...this.sources.metrics,
    ];
    this.#loopDelay.enable();
  }

  /** Counts a completed call. */
  record(call: EndedCall): void {
    this.#calls.record(call);
  }

  /** Counts a sampled request by the outcome of its logging. */
  recordLogged(model: string, status: string): void {
    this.#logged.series({ model_name: model, status_code: status }).value++;
  }

  /** Counts a refusal that protects the server. */
  recordRefused(kind: Refusal): void {
    this.#refused.series({ kind }).value++;
  }

  /** Returns all metrics of this event loop. Lateness is measured since the previous call. */
  values(): MetricValues[] {
    return [...this.#valuesButLateness(), this.#lateness()];
  }

  /** Returns all metrics in Prometheus' text format, summed over all event loops. */
  read(others: readonly MetricValues[] = []): Buffer {
    if (others.length === 0) return Buffer.from(expose(this.values()));
    // The states of versions are the same in all event loops.
    const added = others.filter(({ name }) => name !== VERSION_STATE);
    return Buffer.from(expose(mergeMetrics([...this.values(), ...added])));
  }

  /**
   * Returns the values of counters, each summed over all of its series and all event loops. Names are Prometheus' or
   * TF Serving's own, with slashes: `/tensorflow/serving/request_count`. Names of other metrics are omitted.
   */
  counts(
    names: readonly string[],
    others: readonly MetricValues[] = [],
  ): ReadonlyMap<string, number> {
    const totals = new Map<string, number>();
    for (const { name, type, samples } of [...this.#valuesButLateness(), ...others]) {
      if (type !== "counter") continue;
      const total = samples.reduce((sum, { value }) => sum + value, totals.get(name) ?? 0);
      totals.set(name, total);
    }
    const counts = new Map<string, number>();
    for (const name of names) {
      const total = totals.get(name.replace(/[^a-zA-Z0-9_]/g, ":")); // as TF Serving's exporter does
      if (total !== undefined) counts.set(name, total);
    }
    return counts;
  }

  /** Stops measuring the event loop. */
  [Symbol.dispose](): void {
    this.#loopDelay.disable();
  }

  #valuesButLateness(): MetricValues[] {
    this.#versions.removeEnded();
    const counted = this.#counted.map((metric) => metric.values());
    return [...counted, ...stateMetrics(this.#host)];
  }

  #lateness(): MetricValues {
    const samples = [0.5, 0.99, 1].map((quantile): Sample => {
      const delayMs = this.#loopDelay.percentile(100 * quantile) / 1e6;
      const value = 1_000 * Math.max(0, delayMs - RESOLUTION_MS);
      return { suffix: "", labels: { quantile: String(quantile) }, value };
    });
    this.#loopDelay.reset();
    return {
      name: "serving_kit_event_loop_lateness",
      help: "Microseconds by which timers were late since the previous scrape, by quantile.",
      type: "gauge",
      merge: "max",
      samples,
    };
  }
}

import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import {
  AggregatorRegistry,
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import type { ServerCore } from "../server-core.js";
import { BatchingMetrics } from "./batching-metrics.js";
import { CallMetrics, type EndedCall } from "./call-metrics.js";
import type { MetricsOptions } from "./metrics-options.js";
import { addStateGauges, VERSION_STATE } from "./state-gauges.js";
import { VersionSeries } from "./version-series.js";
import { WarmUpMetrics } from "./warm-up-metrics.js";

/** How often the event loop's lateness is measured. */
const RESOLUTION_MS = 20;

/** Metrics as they go from thread to thread: with how they are added up. */
export type MetricValues = MetricObjectWithValues<MetricValue<string>>[];

/** The metrics of a model server, in Prometheus' text format. */
export class ServerMetrics implements Disposable {
  readonly #registry = new Registry();
  readonly #versions: VersionSeries;
  readonly #calls: CallMetrics;
  readonly #logged: Counter;
  /** What batching queues tell of their batches. */
  readonly batches: BatchingMetrics;
  /** What the loads of versions tell of their warm-up. */
  readonly warmUps: WarmUpMetrics;
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  /** `keptMs`: see `VersionSeries`. */
  constructor(
    core: Pick<ServerCore, "states" | "acquire" | "modelNames" | "clock">,
    { versionLabels = false }: MetricsOptions = {},
    keptMs?: number,
  ) {
    const registers = [this.#registry];
    const isKnown = (model: string) => core.modelNames().includes(model);
    this.#versions = new VersionSeries(core, keptMs);
    const versions = versionLabels ? this.#versions : undefined;
    this.#calls = new CallMetrics(this.#registry, versions, isKnown);
    this.#logged = new Counter({
      name: ":tensorflow:serving:request_log_count",
      help: "The total number of requests that were meant for the request log.",
      labelNames: ["model_name", "status_code"],
      registers,
    });
    this.batches = new BatchingMetrics(this.#registry);
    this.warmUps = new WarmUpMetrics(this.#registry, this.#versions, core.clock);
    addStateGauges(this.#registry, core);
    const delay = this.#loopDelay;
    delay.enable();
    new Gauge({
      name: "serving_kit_event_loop_lateness",
      help: "Microseconds by which timers were late since the metrics were last read, by quantile.",
      labelNames: ["quantile"],
      aggregator: "max",
      registers,
      collect() {
        for (const quantile of [0.5, 0.99, 1]) {
          const delayMs = delay.percentile(100 * quantile) / 1e6;
          this.set({ quantile }, 1_000 * Math.max(0, delayMs - RESOLUTION_MS));
        }
        delay.reset();
      },
    });
  }

  /** Counts a call that is over. */
  record(call: EndedCall): void {
    this.#calls.record(call);
  }

  /** Counts a request that was meant for the request log, by what became of it. */
  recordLogged(model: string, status: string): void {
    this.#logged.inc({ model_name: model, status_code: status });
  }

  /** What `read` gives, as a Content-Type. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as Prometheus reads them, those of other threads added to them. */
  async read(others: readonly MetricValues[] = []): Promise<Buffer> {
    this.#versions.removeEnded();
    if (others.length === 0) return Buffer.from(await this.#registry.metrics());
    // The states of versions are this thread's to say.
    const added = others.map((values) => values.filter(({ name }) => name !== VERSION_STATE));
    const merged = AggregatorRegistry.aggregate([await this.values(), ...added]);
    return Buffer.from(await merged.metrics());
  }

  /**
   * The values of counters, all series of each added up, those of other threads too. Names are Prometheus'
   * or TF Serving's own, with slashes: `/tensorflow/serving/request_count`. What is no counter has 0.
   */
  async counts(
    names: readonly string[],
    others: readonly MetricValues[] = [],
  ): Promise<ReadonlyMap<string, number>> {
    const totals = new Map<string, number>();
    for (const { name, type, values } of [await this.values(), ...others].flat()) {
      if (String(type) !== "counter") continue;
      const total = values.reduce((sum, { value }) => sum + value, totals.get(name) ?? 0);
      totals.set(name, total);
    }
    // The exporter of TF Serving makes its names so.
    return new Map(
      names.map((name) => [name, totals.get(name.replace(/[^a-zA-Z0-9_]/g, ":")) ?? 0]),
    );
  }

  /** All metrics as another thread adds them to its own. */
  async values(): Promise<MetricValues> {
    this.#versions.removeEnded();
    return (await this.#registry.getMetricsAsJSON()) as MetricValues;
  }

  /** Stops measuring the event loop. */
  [Symbol.dispose](): void {
    this.#loopDelay.disable();
  }
}

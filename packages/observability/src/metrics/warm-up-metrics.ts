import type { Clock, LoadContext, ServableId } from "@serving-kit/core";
import { statusOf } from "@serving-kit/server";
import { LATENCY_BOUNDS } from "./call-metrics.js";
import type { Metric } from "./metric-values.js";
import { SeriesCounter } from "./series-counter.js";
import { SeriesHistogram } from "./series-histogram.js";
import type { VersionSeries } from "./version-series.js";

/**
 * Latencies and record counts of version warm-ups, with the names of TF Serving
 * (servables/tensorflow/saved_model_warmup_util.cc). The series of a path are removed with its version.
 */
export class WarmUpMetrics {
  readonly #versions: VersionSeries;
  readonly #clock: Clock;
  readonly #latency = new SeriesHistogram(
    ":tensorflow:serving:model_warmup_latency",
    "Microseconds that warming up a model took.",
    LATENCY_BOUNDS,
  );
  readonly #records = new SeriesCounter(
    ":tensorflow:serving:model_warmup_records_read",
    "The total number of records read from warm-up files.",
  );
  readonly metrics: readonly Metric[] = [this.#latency, this.#records];

  constructor(versions: VersionSeries, clock: Clock) {
    this.#versions = versions;
    this.#clock = clock;
  }

  /** Returns the function that the load of the version at a path calls: see `LoadContext.warmingUp`. */
  of(id: ServableId, path: string): NonNullable<LoadContext["warmingUp"]> {
    return () => {
      const beganAtMs = this.#clock.now();
      return ({ records, error }) => {
        const status = error === undefined ? "OK" : statusOf(error).code;
        // TF Serving's label is the whole status with its message, which makes a series for each message.
        const labels = { model_path: path, status };
        const latency = this.#latency.series(labels, (added) =>
          this.#versions.add(id, () => this.#latency.remove(added)),
        );
        latency.observe(1_000 * (this.#clock.now() - beganAtMs));
        const read = this.#records.series(labels, (added) =>
          this.#versions.add(id, () => this.#records.remove(added)),
        );
        read.value += records;
      };
    };
  }
}

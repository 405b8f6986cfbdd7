import type { Clock, LoadContext, ServableId } from "@serving-kit/core";
import type { Registry } from "prom-client";
import { statusOf } from "../status-mapping.js";
import { LATENCY_BOUNDS } from "./call-metrics.js";
import { SeriesCounter } from "./series-counter.js";
import { SeriesHistogram } from "./series-histogram.js";
import type { VersionSeries } from "./version-series.js";

/**
 * How long versions were warmed up, and with how much, by the names of TF Serving
 * (servables/tensorflow/saved_model_warmup_util.cc). A path is that of a version: its series go with it.
 */
export class WarmUpMetrics {
  readonly #versions: VersionSeries;
  readonly #clock: Clock;
  readonly #latency: SeriesHistogram;
  readonly #records: SeriesCounter;

  constructor(registry: Registry, versions: VersionSeries, clock: Clock) {
    this.#versions = versions;
    this.#clock = clock;
    this.#latency = new SeriesHistogram(
      registry,
      ":tensorflow:serving:model_warmup_latency",
      "Microseconds that warming up a model took.",
      LATENCY_BOUNDS,
    );
    this.#records = new SeriesCounter(
      registry,
      ":tensorflow:serving:model_warmup_records_read",
      "The total number of records that were read from warm-up files.",
    );
  }

  /** What the load of the version at a path calls: see `LoadContext.warmingUp`. */
  of(id: ServableId, path: string): NonNullable<LoadContext["warmingUp"]> {
    return () => {
      const beganAtMs = this.#clock.now();
      return ({ records, error }) => {
        const status = error === undefined ? "OK" : statusOf(error).code;
        // TF Serving has the whole status in the label, message included: a series for each message.
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

import { addSample, type MetricValues, type Sample } from "./metric-values.js";
import type { VersionSeries } from "./version-series.js";

/**
 * The sum of the counts of ended event loops: without it, the server's counters would decrease. Series of a version
 * are removed with the version. Gauges are not kept, because an ended loop has no current values.
 */
export class RetiredMetrics {
  readonly #versions: VersionSeries;
  readonly #metrics = new Map<string, { metric: MetricValues; samples: Map<string, Sample> }>();

  constructor(versions: VersionSeries) {
    this.#versions = versions;
  }

  /** Keeps the counts of an event loop at its end. */
  add(values: readonly MetricValues[]): void {
    for (const metric of values) {
      if (metric.type === "gauge") continue;
      let kept = this.#metrics.get(metric.name);
      if (kept === undefined) {
        kept = { metric, samples: new Map() };
        this.#metrics.set(metric.name, kept);
      }
      for (const sample of metric.samples) this.#add(kept.samples, sample);
    }
  }

  /** Returns all kept metrics. */
  values(): MetricValues[] {
    this.#versions.removeEnded();
    return [...this.#metrics.values()].map(({ metric, samples }) => ({
      ...metric,
      samples: [...samples.values()],
    }));
  }

  #add(samples: Map<string, Sample>, sample: Sample): void {
    const before = samples.size;
    const key = addSample(samples, sample, "sum");
    const { model_name: name, version } = sample.labels;
    if (samples.size === before || name === undefined || !version) return;
    this.#versions.add({ name, version: BigInt(version) }, () => samples.delete(key));
  }
}

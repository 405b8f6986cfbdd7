/** Label values by label name. */
export type LabelValues = Readonly<Record<string, string>>;

/** One sample of a metric. */
export interface Sample {
  /** The suffix of its name: `_bucket`, `_sum` or `_count` for a histogram, else empty. */
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  readonly labels: LabelValues;
  readonly value: number;
}

/** A snapshot of a metric. Survives `structuredClone`. */
export interface MetricValues {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** The function that merges samples with the same labels, for instance those of several event loops. */
  readonly merge: "sum" | "max";
  readonly samples: readonly Sample[];
}

/** A metric that keeps its values until they are read. */
export interface Metric {
  values(): MetricValues;
}

/** Returns all metrics by name, in the order of their first appearance, with samples of equal labels merged. */
export function mergeMetrics(all: Iterable<MetricValues>): MetricValues[] {
  const byName = new Map<string, { metric: MetricValues; samples: Map<string, Sample> }>();
  for (const metric of all) {
    let merged = byName.get(metric.name);
    if (merged === undefined) {
      merged = { metric, samples: new Map() };
      byName.set(metric.name, merged);
    }
    for (const sample of metric.samples) addSample(merged.samples, sample, metric.merge);
  }
  return [...byName.values()].map(({ metric, samples }) => ({
    ...metric,
    samples: [...samples.values()],
  }));
}

/** Merges a sample with the sample of the same labels, if any. Returns the key. */
export function addSample(
  samples: Map<string, Sample>,
  sample: Sample,
  merge: MetricValues["merge"],
): string {
  const key = `${sample.suffix}${JSON.stringify(sample.labels)}`;
  const before = samples.get(key);
  if (before === undefined) samples.set(key, sample);
  else {
    const { value } = before;
    const merged = merge === "sum" ? value + sample.value : Math.max(value, sample.value);
    samples.set(key, { ...before, value: merged });
  }
  return key;
}

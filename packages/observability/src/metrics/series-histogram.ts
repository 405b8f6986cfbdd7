import type { LabelValues, Sample } from "./metric-values.js";
import { type Series, SeriesMetric } from "./series-metric.js";

/** The distribution of the values with one combination of labels. */
export class HistogramSeries implements Series {
  readonly labels: LabelValues;
  /** The number of values in each bucket; the last bucket has the values above all bounds. */
  readonly counts: Float64Array;
  sum = 0;
  readonly #bounds: readonly number[];

  constructor(labels: LabelValues, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let i = 0;
    let end = bounds.length;
    while (i < end) {
      const middle = (i + end) >> 1;
      if (value > (bounds[middle] as number)) i = middle + 1;
      else end = middle;
    }
    this.counts[i] = (this.counts[i] as number) + 1;
    this.sum += value;
  }
}

/** A histogram whose series are held by the code that observes: see `SeriesMetric`. */
export class SeriesHistogram extends SeriesMetric<HistogramSeries> {
  readonly type = "histogram";
  readonly #bounds: readonly number[];

  /** `bounds` are the upper bounds of the buckets, in ascending order. */
  constructor(name: string, help: string, bounds: readonly number[]) {
    super(name, help);
    this.#bounds = bounds;
  }

  protected create(labels: LabelValues): HistogramSeries {
    return new HistogramSeries(labels, this.#bounds);
  }

  protected samplesOf({ labels, counts, sum }: HistogramSeries): readonly Sample[] {
    const samples: Sample[] = [];
    let count = 0;
    for (const [i, inBucket] of counts.entries()) {
      count += inBucket;
      const le = String(this.#bounds[i] ?? "+Inf");
      samples.push({ suffix: "_bucket", labels: { le, ...labels }, value: count });
    }
    samples.push(
      { suffix: "_sum", labels, value: sum },
      { suffix: "_count", labels, value: count },
    );
    return samples;
  }
}

/** Bounds of TF's exponential buckets: `count` of them from `scale`, each `growth` times the one before. */
export function exponentialBounds(scale: number, growth: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => Number((scale * growth ** n).toPrecision(6)));
}

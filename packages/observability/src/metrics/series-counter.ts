import type { LabelValues, Sample } from "./metric-values.js";
import { type Series, SeriesMetric } from "./series-metric.js";

/** The count with one combination of labels. */
export interface CounterSeries extends Series {
  value: number;
}

/** A counter whose series are held by the code that counts: see `SeriesMetric`. */
export class SeriesCounter extends SeriesMetric<CounterSeries> {
  readonly type = "counter";

  protected create(labels: LabelValues): CounterSeries {
    return { labels, value: 0 };
  }

  protected samplesOf({ labels, value }: CounterSeries): readonly Sample[] {
    return [{ suffix: "", labels, value }];
  }
}

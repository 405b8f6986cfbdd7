import type { LabelValues, Metric, MetricValues, Sample } from "./metric-values.js";

/** The values of one metric with one combination of labels. */
export interface Series {
  readonly labels: LabelValues;
}

/**
 * A metric whose series are looked up once, and held by the code that counts: a lookup of labels for each value would
 * be most of the cost of counting.
 *
 * The labels of all series must be given in the same order.
 */
export abstract class SeriesMetric<S extends Series> implements Metric {
  abstract readonly type: "counter" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly #series = new Map<string, S>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  protected abstract create(labels: LabelValues): S;

  protected abstract samplesOf(series: S): readonly Sample[];

  /** Returns the series of these labels. Creates it if there is none, and passes it to `onNew`. */
  series(labels: LabelValues, onNew?: (series: S) => void): S {
    const key = JSON.stringify(labels);
    const found = this.#series.get(key);
    if (found !== undefined) return found;
    const series = this.create(labels);
    this.#series.set(key, series);
    onNew?.(series);
    return series;
  }

  /** Removes a series. Later counts in it are lost. */
  remove({ labels }: S): void {
    this.#series.delete(JSON.stringify(labels));
  }

  values(): MetricValues {
    const { name, help, type } = this;
    const samples = [...this.#series.values()].flatMap((series) => this.samplesOf(series));
    return { name, help, type, merge: "sum", samples };
  }
}

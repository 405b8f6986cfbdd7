import type { LabelValues, Metric, MetricValues, Sample } from "./metric-values.js";

/** The values of one metric with one combination of labels. */
export interface Series {
  readonly labels: LabelValues;
}

/**
 * A metric whose series are looked up once, and kept by the code that counts: to look labels up for each value
 * is most of what counting costs.
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

  /** Drops a series. What is counted in it from now on is lost. */
  remove({ labels }: S): void {
    this.#series.delete(JSON.stringify(labels));
  }

  values(): MetricValues {
    const { name, help, type } = this;
    const samples = [...this.#series.values()].flatMap((series) => this.samplesOf(series));
    return { name, help, type, merge: "sum", samples };
  }
}

import type { StartedBatch } from "@serving-kit/batching";
import type { LabelValues, Metric } from "./metric-values.js";
import { type CounterSeries, SeriesCounter } from "./series-counter.js";
import { exponentialBounds, type HistogramSeries, SeriesHistogram } from "./series-histogram.js";

/** The prefix of each metric's name. */
const PREFIX = ":tensorflow:serving:batching_session:";

const QUEUING_BOUNDS = exponentialBounds(100, 1.2, 52);
const SIZE_BOUNDS = exponentialBounds(1, 2, 14);

/** As in TF Serving, whose server does not name its thread pool. */
const THREAD_POOL: LabelValues = { thread_pool_name: "" };

/** The only series of each metric that has just one. */
interface OnlySeries {
  readonly queuing: HistogramSeries;
  readonly runs: CounterSeries;
  readonly inputSizes: HistogramSeries;
  readonly processedSizes: HistogramSeries;
}

/**
 * Counts and latencies of the batches of all models, by the names of TF Serving (batching/batching_session.cc,
 * batching/batching_util.h). There are no samples before the first batch.
 */
export class BatchingMetrics {
  readonly #queuing = new SeriesHistogram(
    `${PREFIX}queuing_latency`,
    "Microseconds that calls waited in a batching queue.",
    QUEUING_BOUNDS,
  );
  readonly #runs = new SeriesCounter(
    `${PREFIX}wrapped_run_count`,
    "The total number of batches that were run.",
  );
  readonly #inputSizes = sizes(
    "input_batch_size",
    "The number of rows of calls that were batched.",
  );
  readonly #processedSizes = sizes(
    "processed_batch_size",
    "The number of rows of batches, padded.",
  );
  readonly #padding = sizes("padding_size", "The number of rows that batches were padded by.");
  readonly metrics: readonly Metric[] = [
    this.#queuing,
    this.#runs,
    this.#inputSizes,
    this.#processedSizes,
    this.#padding,
  ];
  /** The metrics with a single series, from the first batch on. */
  #series: OnlySeries | undefined;
  /** The padding series by the padded size. */
  readonly #paddingOf = new Map<number, HistogramSeries>();

  /** Counts a batch. */
  count({ size, paddedSize, startedAtMs, entries }: StartedBatch): void {
    this.#series ??= this.#newSeries();
    const { runs, processedSizes, queuing, inputSizes } = this.#series;
    runs.value++;
    processedSizes.observe(paddedSize);
    this.#paddingFor(paddedSize).observe(paddedSize - size);
    for (const entry of entries) {
      queuing.observe(1_000 * (startedAtMs - entry.enqueuedAtMs));
      inputSizes.observe(entry.size);
    }
  }

  #newSeries(): OnlySeries {
    return {
      queuing: this.#queuing.series(THREAD_POOL),
      runs: this.#runs.series({}),
      inputSizes: this.#inputSizes.series({}),
      processedSizes: this.#processedSizes.series({}),
    };
  }

  #paddingFor(paddedSize: number): HistogramSeries {
    let padding = this.#paddingOf.get(paddedSize);
    if (padding === undefined) {
      padding = this.#padding.series({ execution_batch_size: String(paddedSize) });
      this.#paddingOf.set(paddedSize, padding);
    }
    return padding;
  }
}

const sizes = (name: string, help: string) => new SeriesHistogram(PREFIX + name, help, SIZE_BOUNDS);

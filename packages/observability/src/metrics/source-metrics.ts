import type { SourceActivityEvent } from "@serving-kit/core";
import type { Metric } from "./metric-values.js";
import { SeriesCounter } from "./series-counter.js";

/** The costs of sources of remote storage: listings, fetches, bytes, time and failures, by model. */
export class SourceMetrics {
  readonly #listings = new SeriesCounter(
    "serving_kit_source_listings",
    "Listing pages requested from remote storage.",
  );
  readonly #fetches = new SeriesCounter(
    "serving_kit_source_fetches",
    "Versions fetched from remote storage, or found in the cache.",
  );
  readonly #bytes = new SeriesCounter(
    "serving_kit_source_bytes",
    "Bytes of models received from remote storage.",
  );
  readonly #seconds = new SeriesCounter(
    "serving_kit_source_fetch_seconds",
    "Seconds that fetches of versions took, including fetches from the cache.",
  );
  readonly #failures = new SeriesCounter(
    "serving_kit_source_failures",
    "Failed listings and fetches of remote storage, by the reason of the error.",
  );
  readonly metrics: readonly Metric[] = [
    ...[this.#listings, this.#fetches, this.#bytes, this.#seconds, this.#failures],
  ];

  /** Counts what a source has done. */
  count({ name, activity }: SourceActivityEvent): void {
    const model = { model_name: name };
    if (activity.what === "listed") {
      this.#listings.series(model).value++;
      return;
    }
    this.#bytes.series(model).value += activity.bytes;
    if (activity.what === "failed") {
      const { during, reason } = activity;
      this.#failures.series({ ...model, during, reason }).value++;
      return;
    }
    this.#fetches.series({ ...model, from: activity.from }).value++;
    this.#seconds.series(model).value += activity.durationMs / 1_000;
  }
}

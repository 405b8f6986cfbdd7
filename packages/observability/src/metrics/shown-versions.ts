import { formatServableId } from "@serving-kit/core";
import type { MetricValues, Sample } from "./metric-values.js";
import { KEPT_MS, presentVersions, type VersionHost } from "./version-series.js";

/**
 * Keeps the series of a version, which several event loops count, for 5 minutes after the version ends. If the loops
 * dropped them one by one, the sum would decrease and look like a counter reset.
 */
export class ShownVersions {
  readonly #host: VersionHost;
  /** The time at which each version was first seen to have ended, for the versions shown last. */
  #endedAtMs: ReadonlyMap<string, number> = new Map();

  constructor(host: VersionHost) {
    this.#host = host;
  }

  /** Returns the values without the series of versions that are no longer shown. */
  of(all: readonly MetricValues[]): MetricValues[] {
    const present = presentVersions(this.#host);
    const now = this.#host.clock.now();
    const endedAtMs = new Map<string, number>();
    const isShown = ({ labels: { model_name: name, version } }: Sample) => {
      if (name === undefined || !version) return true;
      const key = formatServableId({ name, version: BigInt(version) });
      if (present.has(key)) return true;
      const sinceMs = this.#endedAtMs.get(key) ?? now;
      endedAtMs.set(key, sinceMs);
      return now - sinceMs < KEPT_MS;
    };
    const shown = all.map((metric) => ({ ...metric, samples: metric.samples.filter(isShown) }));
    this.#endedAtMs = endedAtMs;
    return shown;
  }
}

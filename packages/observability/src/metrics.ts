/**
 * Metrics of a model server in Prometheus' text format, with TF Serving's names.
 *
 * @packageDocumentation
 */

import { checkOptions, type Observer } from "@serving-kit/server";
import { LoopObservability } from "./loop-observability.js";
import { type MetricsOptions, metricsSchema } from "./metrics/metrics-options.js";

export type { MetricsOptions } from "./metrics/metrics-options.js";
export { readMonitoringConfigFile } from "./metrics/monitoring-config-file.js";

/**
 * Makes an observer with metrics only: see `observability`.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID.
 */
export function metrics(options: MetricsOptions = {}): Observer {
  checkOptions(metricsSchema, options, "metrics");
  return {
    name: "metrics",
    module: { url: import.meta.url, exportName: "metrics", options },
    observe: (host) => new LoopObservability(host, { metrics: options }),
  };
}

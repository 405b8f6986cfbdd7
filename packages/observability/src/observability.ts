import {
  checkOptions,
  type Observer,
  type RequestLogFileOptions,
  type RequestLogOptions,
  requestLogSchema,
} from "@serving-kit/server";
import { z } from "zod";
import { LoopObservability } from "./loop-observability.js";
import { type MetricsOptions, metricsSchema } from "./metrics/metrics-options.js";
import { findOpenTelemetry } from "./tracing/find-open-telemetry.js";

/** Options for `observability`. */
export interface ObservabilityOptions {
  /** Prometheus metrics and their page. Default none; `{}` uses the defaults. */
  readonly metrics?: MetricsOptions | undefined;
  /** The request log of models without a log of their own. Default none. */
  readonly requestLog?: RequestLogOptions | RequestLogFileOptions | undefined;
  /**
   * If true, creates OpenTelemetry spans: one for each call, with a child for the run of the model. Default: true if the
   * app has registered an SDK before. Needs the package `@opentelemetry/api`.
   */
  readonly tracing?: boolean | undefined;
}

const schema = z.strictObject({
  metrics: metricsSchema.optional(),
  requestLog: requestLogSchema.optional(),
  tracing: z.boolean().optional(),
});

/**
 * Makes the observer of metrics, request log and spans. It also writes the request logs that are configured for
 * models.
 *
 * In a server with several event loops, each loop observes its own calls. The main thread sums the metrics and writes
 * the request log; only there may the options have a sink.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the option, the expected value and the received value;
 * FAILED_PRECONDITION / OPEN_TELEMETRY_MISSING for `tracing: true`.
 */
export async function observability(options: ObservabilityOptions = {}): Promise<Observer> {
  checkOptions(schema, options, "");
  const { metrics, requestLog, tracing } = options;
  const otel = await findOpenTelemetry(tracing);
  return {
    name: "observability",
    // A sink has functions, which cannot be posted. Event loops receive only the sampling rates.
    module: { url: import.meta.url, exportName: "observability", options: { metrics, tracing } },
    observe: (host) =>
      new LoopObservability(host, { metrics, requestLog: { shared: requestLog }, otel }),
  };
}

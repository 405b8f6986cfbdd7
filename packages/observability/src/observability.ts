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
  /** Prometheus metrics and their page. Default none; `{}` has TF Serving's. */
  readonly metrics?: MetricsOptions | undefined;
  /** The request log of models without a log of their own. Default none. */
  readonly requestLog?: RequestLogOptions | RequestLogFileOptions | undefined;
  /**
   * Whether each call gets OpenTelemetry spans: one for the call, one for the run of the model. Default: if the app
   * has registered an SDK before. Needs the package `@opentelemetry/api`.
   */
  readonly tracing?: boolean | undefined;
}

const schema = z.strictObject({
  metrics: metricsSchema.optional(),
  requestLog: requestLogSchema.optional(),
  tracing: z.boolean().optional(),
});

/**
 * Makes the observer of metrics, request log and spans. The request logs that models have in their configuration
 * are written as well.
 *
 * In a server with several event loops each of them observes its calls. The main thread adds metrics up and writes
 * the request log; only there may the options have a sink.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the option, what was expected and what was given;
 * FAILED_PRECONDITION / OPEN_TELEMETRY_MISSING for `tracing: true`.
 */
export async function observability(options: ObservabilityOptions = {}): Promise<Observer> {
  checkOptions(schema, options, "");
  const { metrics, requestLog, tracing } = options;
  const otel = await findOpenTelemetry(tracing);
  return {
    name: "observability",
    // A sink is a function, which cannot be posted. Event loops learn the sampling rates.
    module: { url: import.meta.url, exportName: "observability", options: { metrics, tracing } },
    observe: (host) =>
      new LoopObservability(host, { metrics, requestLog: { shared: requestLog }, otel }),
  };
}

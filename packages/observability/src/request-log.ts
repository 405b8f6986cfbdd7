/**
 * A log of sampled requests of a model server, as TF Serving's `PredictionLog`.
 *
 * @packageDocumentation
 */

import {
  checkOptions,
  type Observer,
  type RequestLogFileOptions,
  type RequestLogOptions,
  requestLogSchema,
} from "@serving-kit/server";
import { LoopObservability } from "./loop-observability.js";

export type {
  LoggedRequest,
  RequestLogFileOptions,
  RequestLogOptions,
  RequestLogSink,
} from "@serving-kit/server";
export { jsonlSink, tfRecordSink, warmUpFileFromJsonl } from "./request-log/file-sinks.js";
export { type RequestLogStream, requestLogStream } from "./request-log/request-log-stream.js";

/**
 * Makes an observer with the request log only: see `observability`. Without options, only models with their own log
 * are logged.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID.
 */
export function requestLog(options?: RequestLogOptions | RequestLogFileOptions): Observer {
  checkOptions(requestLogSchema.optional(), options, "requestLog");
  return {
    name: "request-log",
    // A sink cannot be posted; only the main thread writes.
    module: { url: import.meta.url, exportName: "requestLog" },
    observe: (host) => new LoopObservability(host, { requestLog: { shared: options } }),
  };
}

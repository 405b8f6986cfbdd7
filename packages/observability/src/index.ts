/**
 * Observability of a model server: Prometheus metrics, OpenTelemetry spans and a request log, as one observer.
 *
 * @packageDocumentation
 */

export { errors as observabilityErrors } from "./errors.js";
export type { MetricsOptions } from "./metrics/metrics-options.js";
export { readMonitoringConfigFile } from "./metrics/monitoring-config-file.js";
export { type ObservabilityOptions, observability } from "./observability.js";
export { jsonlSink, tfRecordSink, warmUpFileFromJsonl } from "./request-log/file-sinks.js";
export { type RequestLogStream, requestLogStream } from "./request-log/request-log-stream.js";

/**
 * The model server: configuration to sources, adapters and a manager; TF Serving's REST API over
 * them, to be mounted in an app or listening by itself.
 *
 * @packageDocumentation
 */

export type { Logger } from "@serving-kit/core";
export type { CallApi, CallObservation, CallObserver } from "./calls/call-observer.js";
export { type Classifications, classify, type ExamplesCall } from "./calls/classify.js";
export { predict } from "./calls/predict.js";
export type { PredictAnswer, PredictCall } from "./calls/predict-call.js";
export { type Regressions, regress } from "./calls/regress.js";
export {
  parseBatchingParametersFile,
  readBatchingParametersFile,
} from "./config/batching-parameters-file.js";
export type { ModelConfig } from "./config/model-config.js";
export {
  type ModelConfigFile,
  openModelConfigFile,
  parseModelConfig,
  readModelConfigFile,
} from "./config/model-config-file.js";
export {
  type ModelConfigWatch,
  type ModelConfigWatchOptions,
  watchModelConfig,
} from "./config/model-config-watch.js";
export { readSslConfigFile } from "./config/ssl-config-file.js";
export {
  type ParsedText,
  parseTextFormat,
  readTextFormat,
  type TextFormat,
} from "./config/text-format.js";
export { createModelServer } from "./create-model-server.js";
export { errors as serverErrors } from "./errors.js";
export { type ChannelArguments, parseChannelArguments } from "./grpc/channel-arguments.js";
export type { GrpcListening, GrpcListenOptions } from "./grpc/grpc-listener.js";
export type { PredictionServiceOptions } from "./grpc/prediction-service.js";
export type {
  ClientTimeouts,
  Listening,
  ListenOptions,
  SocketListening,
  SocketListenOptions,
} from "./listening/http-listener.js";
export type { SslConfig } from "./listening/ssl-config.js";
export type { MetricsOptions } from "./metrics/metrics-options.js";
export { readMonitoringConfigFile } from "./metrics/monitoring-config-file.js";
export type { ModelServer, ModelServerOptions } from "./model-server.js";
export type {
  CustomPlatformOptions,
  LoadServable,
  LoadServableConfig,
} from "./models/custom-module.js";
export { type CustomPlatform, customPlatform } from "./models/custom-platform.js";
export type { ModelBatchingOptions } from "./models/model-batching.js";
export type { MissingSource } from "./models/source-providers.js";
export type { ModelOutcome, ReloadOptions, StartUpPolicy } from "./models/start-up.js";
export { jsonlSink, tfRecordSink, warmUpFileFromJsonl } from "./request-log/file-sinks.js";
export type { RequestLogFileOptions } from "./request-log/request-log-file.js";
export type {
  LoggedRequest,
  RequestLogOptions,
  RequestLogSink,
} from "./request-log/request-log-sink.js";
export { type RequestLogStream, requestLogStream } from "./request-log/request-log-stream.js";
export type { FetchHandler } from "./rest/fetch-handler.js";
export type { RestListener } from "./rest/node-listener.js";
export type { RestOptions } from "./rest/rest-api.js";
export type { CallContext, ServerCore } from "./server-core.js";
export { type ErrorStatus, statusOf } from "./status-mapping.js";
export type { ThreadsOptions } from "./threads/threads-options.js";

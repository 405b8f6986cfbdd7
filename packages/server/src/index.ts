/**
 * The model server: turns a configuration into sources, adapters and a manager, and serves the models by protocols
 * over HTTP and gRPC, mounted in an app or on its own ports.
 *
 * @packageDocumentation
 */

export type { Logger } from "@serving-kit/core";
export type { Authorize, AuthorizeRequest } from "./calls/authorize.js";
export {
  parseBatchingParametersFile,
  readBatchingParametersFile,
} from "./config/batching-parameters-file.js";
export { check as checkOptions } from "./config/check-options.js";
export type { ModelConfig } from "./config/model-config.js";
export {
  type ModelConfigFile,
  openModelConfigFile,
  parseModelConfig,
  readModelConfigFile,
} from "./config/model-config-file.js";
export { modelConfigProto } from "./config/model-options.js";
export type { ModelOutcome, ReloadOptions } from "./config/model-outcome.js";
export type { ModelProcessing } from "./config/processing-config.js";
export { type ModelFields, readRemoteModel } from "./config/read-model-config.js";
export {
  type LoggedRequest,
  type RequestLogFileOptions,
  type RequestLogOptions,
  type RequestLogSink,
  requestLogPath,
  requestLogSchema,
} from "./config/request-log-options.js";
export { readSslConfigFile } from "./config/ssl-config-file.js";
export {
  type ParsedText,
  parseTextFormat,
  readTextFormat,
  type TextFormat,
} from "./config/text-format.js";
export { createModelServer } from "./create-model-server.js";
export type {
  CustomPlatformOptions,
  LoadServable,
  LoadServableConfig,
} from "./custom/custom-module.js";
export { type CustomPlatform, customPlatform } from "./custom/custom-platform.js";
export { errors as serverErrors } from "./errors.js";
export { type ChannelArguments, parseChannelArguments } from "./grpc/channel-arguments.js";
export type { GrpcListening, GrpcListenOptions } from "./grpc/grpc-listen-options.js";
export type { FetchHandler } from "./http/fetch-handler.js";
export type { HttpOptions } from "./http/http-api.js";
export type {
  ClientTimeouts,
  Listening,
  ListenOptions,
  SocketListening,
  SocketListenOptions,
} from "./http/http-listener.js";
export type { RestListener } from "./http/node-listener.js";
export { recentPaths } from "./http/recent-paths.js";
export { decodeSegment } from "./http/route-table.js";
export {
  type ServerSentEvent,
  type ServerSentEventsOptions,
  serverSentEvents,
} from "./http/server-sent-events.js";
export type { ServerLimits } from "./limits/server-limits.js";
export type { SslConfig } from "./listening/ssl-config.js";
export { drainOnStrayError, type StrayErrorOptions } from "./loop/stray-errors.js";
export type { ModelServer, ModelServerOptions } from "./model-server.js";
export { detectPlatform, type ModelPlatform, platformOf } from "./models/detect-platform.js";
export type { GivenSource } from "./models/given-sources.js";
export { logRefusedReload } from "./models/log-reload.js";
export type { ModelBatchingOptions } from "./models/model-batching.js";
export {
  type ModelConfigWatch,
  type ModelConfigWatchOptions,
  watchModelConfig,
} from "./models/model-config-watch.js";
export { type ModelPlace, model } from "./models/model-place.js";
export type { Known, ListedModel, ModelsOption, Place } from "./models/model-places.js";
export type { MissingSource } from "./models/source-providers.js";
export type { StartUpPolicy } from "./models/start-up.js";
export type { Acquire, AcquireDecorator, DecoratorHost } from "./plugins/acquire-decorator.js";
export type { CallAllowance } from "./plugins/call-budget.js";
export type { ModelProcessor, ProcessedVersion } from "./plugins/model-processor.js";
export type {
  CallObservation,
  CallStart,
  LoopObserver,
  Observer,
  ObserverHost,
  ObserverPeer,
} from "./plugins/observer.js";
export type { Plugin, PluginModule } from "./plugins/plugin-module.js";
export type { PredictCall } from "./plugins/predict-call.js";
export type {
  Awaitable,
  GrpcMethod,
  GrpcService,
  HttpAnswer,
  HttpRequest,
  HttpRoute,
  Protocol,
} from "./plugins/protocol.js";
export type {
  CallContext,
  CalledVersion,
  CallHeaders,
  ClientReloadOptions,
  ModelDescription,
  ServableCall,
  ServerCore,
} from "./plugins/server-core.js";
export { REFUSALS, type Refusal } from "./refusal.js";
export { type ErrorStatus, statusOf } from "./status-mapping.js";
export type { ThreadsOptions } from "./threads/threads-options.js";

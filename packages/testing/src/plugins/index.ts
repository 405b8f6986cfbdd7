/**
 * Conformance suites for authors of model server plugins (protocols, observers, acquire decorators, model processors),
 * and for a server: its guarantees to a protocol. They require `@serving-kit/server`.
 *
 * @packageDocumentation
 */
export {
  type AcquireDecoratorConformanceOptions,
  acquireDecoratorConformance,
} from "./acquire-decorator-conformance.js";
export { modelProcessorConformance } from "./model-processor-conformance.js";
export { type ObserverConformanceOptions, observerConformance } from "./observer-conformance.js";
export type { ModelProcessorConformanceOptions } from "./processor-stage.js";
export { protocolConformance } from "./protocol-conformance.js";
export type {
  GrpcSubject,
  HttpSubject,
  PageSubject,
  ProtocolConformanceOptions,
  ProtocolPredict,
  ReceivedHttp,
  SentGrpc,
  SentHttp,
  ServerConformanceOptions,
  TransportSubject,
} from "./protocol-options.js";
export { serverConformance } from "./server-conformance.js";

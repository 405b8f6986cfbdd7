/**
 * Conformance suites for the authors of what plugs into a model server: protocols, observers, acquire decorators and
 * model processors; and for a server, of what it promises to a protocol. They need `@serving-kit/server`.
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

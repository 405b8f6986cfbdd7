import type { DType, Tensors } from "@serving-kit/inference";
import type { createModelServer, Protocol } from "@serving-kit/server";
import type { SuiteOptions } from "../runner.js";

/** A prediction that the author's functions write as a request of the protocol. */
export interface ProtocolPredict {
  /** The name of a model of the suite. */
  readonly model: string;
  /** Absent means `serving_default`. Present only if the transport `hasSignatures`. */
  readonly signature?: string;
  /** The inputs: only `x`. */
  readonly inputs: Tensors;
}

/** An HTTP request of the protocol. */
export interface SentHttp {
  /** The HTTP method. Default `POST`, or `GET` without a body. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The complete response to an HTTP request. */
export interface ReceivedHttp {
  readonly status: number;
  /** Headers, by lowercase name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** A call of a gRPC method of the protocol. */
export interface SentGrpc {
  /** The full name of the service. */
  readonly service: string;
  readonly method: string;
  readonly message: Uint8Array;
}

/** The use of a protocol by clients over one transport. */
export interface TransportSubject<Sent, Received> {
  /**
   * The dtypes that the format supports. A prediction has inputs and outputs of one of them; `float32` must be
   * included.
   */
  readonly dtypes: readonly DType[];
  /** True if a request can name a signature. Default false. */
  readonly hasSignatures?: boolean;
  /** Writes a request. */
  predict(call: ProtocolPredict): Sent;
  /** Reads the outputs from the response to a successful prediction. */
  outputs(answer: Received, call: ProtocolPredict): Tensors;
  /** Corrupts the tensors of a request, and no other part. For PR4. Default: the inputs do not match the model. */
  damage?(request: Sent): Sent;
  /** A request whose response is an endless stream with at least one part. For PR10. */
  readonly stream?: Sent;
}

/** The use of a protocol by clients over HTTP. */
export interface HttpSubject extends TransportSubject<SentHttp, ReceivedHttp> {
  /** True if a request names its model in the body. Default false: in path, query or headers. */
  readonly namesModelInBody?: boolean;
  /** Reads the error message from the response to a failed request. */
  message(answer: ReceivedHttp): string;
}

/** The use of HTTP routes without predictions by clients: a page, a stream of events. */
export interface PageSubject extends Pick<HttpSubject, "stream"> {
  readonly predict?: undefined;
}

/** The use of a protocol by clients over gRPC. `predict` must be a unary method. */
export interface GrpcSubject extends TransportSubject<SentGrpc, Uint8Array> {}

/** The transports over which predictions are made. */
export const predicting = ({ http, grpc }: Pick<ProtocolConformanceOptions, "http" | "grpc">) =>
  [http, grpc].filter((one): one is HttpSubject | GrpcSubject => one?.predict !== undefined);

/** Options for `protocolConformance`. */
export interface ProtocolConformanceOptions extends SuiteOptions {
  /** Creates a protocol. */
  create(): Protocol | Promise<Protocol>;
  /** Absent if the protocol has no routes. Without `predict`, the clauses about calls are not tested over HTTP. */
  readonly http?: HttpSubject | PageSubject;
  /** Absent if the protocol has no gRPC services. */
  readonly grpc?: GrpcSubject;
}

/** Options for `serverConformance`: a server, and a protocol to access it. */
export interface ServerConformanceOptions extends ProtocolConformanceOptions {
  /** Creates a server. Default `createModelServer`. */
  readonly createServer?: typeof createModelServer;
}

import type { DType, Tensors } from "@serving-kit/inference";
import type { createModelServer, Protocol } from "@serving-kit/server";
import type { SuiteOptions } from "../runner.js";

/** A prediction that the suite has the author write as a request of the protocol. */
export interface ProtocolPredict {
  /** The name of a model of the suite. */
  readonly model: string;
  /** Absent for `serving_default`. Present only if the transport `hasSignatures`. */
  readonly signature?: string;
  /** One input, `x`. */
  readonly inputs: Tensors;
}

/** An HTTP request of the protocol. */
export interface SentHttp {
  /** Default `POST`, or `GET` without a body. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The whole answer to an HTTP request. */
export interface ReceivedHttp {
  readonly status: number;
  /** Headers by names in lower case. */
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

/** How clients use a protocol over one transport. */
export interface TransportSubject<Sent, Received> {
  /** The dtypes that the format can carry. A prediction has inputs and outputs of one of them; `float32` must be one. */
  readonly dtypes: readonly DType[];
  /** Whether a request can name a signature. Default false. */
  readonly hasSignatures?: boolean;
  /** Writes a request. */
  predict(call: ProtocolPredict): Sent;
  /** Reads the outputs of an answer to a prediction that succeeded. */
  outputs(answer: Received, call: ProtocolPredict): Tensors;
  /**
   * Damages the tensors of a request, and nothing else of it. For PR4; default: the inputs do not fit the model.
   */
  damage?(request: Sent): Sent;
  /** A request whose answer is a stream without an end of its own, and which has a first part. For PR10. */
  readonly stream?: Sent;
}

/** How clients use a protocol over HTTP. */
export interface HttpSubject extends TransportSubject<SentHttp, ReceivedHttp> {
  /** Whether a request names its model in the body. Default false: in path, query or headers. */
  readonly namesModelInBody?: boolean;
  /** Reads the message of an answer to a request that failed. */
  message(answer: ReceivedHttp): string;
}

/** How clients use the HTTP routes of a protocol that makes no predictions over them: a page, a stream of events. */
export interface PageSubject extends Pick<HttpSubject, "stream"> {
  readonly predict?: undefined;
}

/** How clients use a protocol over gRPC. `predict` must be a unary method. */
export interface GrpcSubject extends TransportSubject<SentGrpc, Uint8Array> {}

/** The transports over which predictions are made. */
export const predicting = ({ http, grpc }: Pick<ProtocolConformanceOptions, "http" | "grpc">) =>
  [http, grpc].filter((one): one is HttpSubject | GrpcSubject => one?.predict !== undefined);

/** Options of `protocolConformance`. */
export interface ProtocolConformanceOptions extends SuiteOptions {
  /** Makes a protocol. */
  create(): Protocol | Promise<Protocol>;
  /** Absent if it has no routes. Without `predict`, the clauses about calls are not tested over HTTP. */
  readonly http?: HttpSubject | PageSubject;
  /** Absent if it has no gRPC services. */
  readonly grpc?: GrpcSubject;
}

/** Options of `serverConformance`: a server, and a protocol that it is reached by. */
export interface ServerConformanceOptions extends ProtocolConformanceOptions {
  /** Makes a server. Default `createModelServer`. */
  readonly createServer?: typeof createModelServer;
}

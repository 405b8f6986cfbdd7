import type { ErrorStatus } from "../status-mapping.js";
import type { Plugin } from "./plugin-module.js";
import type { CallContext, CallHeaders, ServerCore } from "./server-core.js";

/**
 * A protocol: the HTTP routes and gRPC services by which clients reach the models of a server.
 *
 * Guarantees a protocol gives:
 * - PR1 `http` and `grpc` only make objects, the same each time: each is called once in each event loop, `grpc`
 *   only if gRPC is served. They call nothing of the core, and listen to nothing.
 * - PR2 It reaches models only through `call` of the core, and runs them only by `predict` of the version.
 * - PR3 Each call names one of the `apis`, and the model that the client asked for, known or not.
 * - PR4 A model that is named outside the body is refused, if it is unknown, before the body is read; an unknown
 *   signature before any tensor is decoded.
 * - PR5 Each call carries the context of its request, so that its deadline and its end reach the model.
 * - PR6 A failure is answered in the protocol's form, with the status of its code and with its message. A body that
 *   makes no sense is a failure of its request alone.
 * - PR7 Outputs that it encodes are those of `predict`, bit for bit within the format.
 * - PR8 It holds no version while an answer is written: `run` ends when the outputs are there.
 * - PR9 It keeps no part of a request after the answer.
 * - PR10 A stream ends when its client has gone (`signal`), and one without an end of its own when the server
 *   closes (`core.closing`).
 * - PR11 It takes memory from the allowance of its call before it makes objects of what a body says: string elements,
 *   examples, features, entries of maps, names. What it refuses costs no more than what it takes.
 *
 * Guarantees a server gives to a protocol:
 * - PS1 Routes and services of all protocols are disjoint: a clash is an error of the start that names both.
 * - PS2 A call is observed once, body failures included, and ends once, after its answer was encoded.
 * - PS3 At its deadline, or when its client has gone, a call rejects, regardless of what the predictor does.
 * - PS4 A handle is held from when the body is there until the outputs are; never while a body is read or an
 *   answer is written.
 * - PS5 While the server starts, `call` rejects with SERVER_STARTING (UNAVAILABLE); routes that call no model
 *   are answered.
 * - PS6 While it closes, every route and method is refused with SERVER_CLOSING (UNAVAILABLE), except routes that
 *   are `whileClosing`. What has begun is waited for.
 * - PS7 A body is bounded before it takes memory (`maxBodyBytes`, `maxMessageBytes`), after inflating as well, by
 *   ratio too; and all requests together by the memory of the server: see `CallAllowance` (CB1 to CB3).
 * - PS8 Anything thrown that is not a ServingError is INTERNAL, with an id instead of its message, and logged once:
 *   also a revoked Proxy, and an error whose getters throw.
 * - PS9 Of a body that is refused at most 1 MB more is read; then its connection is closed, over HTTP/2 its stream.
 * - PS10 An answer that makes no progress is given up, and so is a stream that is idle, at the server's own listeners.
 *   Connections are bounded there.
 * - PS11 `authorize` of the app is asked before a request reaches the protocol, and with the model before a call of it
 *   is decoded.
 * - PS12 Each refusal is counted by its kind, for observers.
 */
export interface Protocol extends Plugin {
  /** The names of its calls for observers: a bounded set. Other names are observed as `(other)`. */
  readonly apis: readonly string[];
  /** The names of its transports for observers. Default `<name>/http` and `<name>/grpc`. */
  readonly entrypoints?: { readonly http?: string; readonly grpc?: string };
  /** Returns its HTTP routes. The first that matches answers. */
  http?(core: ServerCore): readonly HttpRoute[];
  /** Returns its gRPC services. */
  grpc?(core: ServerCore): readonly GrpcService[] | Promise<readonly GrpcService[]>;
  /** The answer to a request that failed. Default `{"error": message}` with the HTTP status of the code. */
  httpError?(status: ErrorStatus): HttpAnswer;
}

/** A value, or a promise of one. */
export type Awaitable<T> = T | Promise<T>;

/** One HTTP route of a protocol. */
export interface HttpRoute {
  /** Such as `GET`, which includes HEAD; `*` is every method. */
  readonly method: string;
  /**
   * The path, segment by segment: as it is, `:name` for any one segment, and `*` at the end for all that
   * follows, also nothing: `/v1/models/*`, `/events/:topic`.
   */
  readonly path: string;
  /** Whether case matters in the path. Default true. */
  readonly caseSensitive?: boolean;
  /** Whether it is answered while the server closes, as health is. Default false. */
  readonly whileClosing?: boolean;
  /**
   * Whether it is answered only at ports of the server, after all other routes, and not where the server is
   * mounted in an app. Default false.
   */
  readonly fallback?: boolean;
  /** Answers a request. What it throws is answered by `httpError` of its protocol. */
  handle(request: HttpRequest): Awaitable<HttpAnswer>;
}

/** A request of a route. */
export interface HttpRequest extends CallContext {
  readonly method: string;
  /** The path without query, and without the prefix that the server is mounted under. Not decoded. */
  readonly path: string;
  /** The query without `?`, as it was sent. */
  readonly search: string;
  /** The values of the `:name` segments, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** HTTP headers, by names in lower case. */
  readonly headers: CallHeaders;
  /** Whether it came over TLS, as far as the server knows: a proxy may have ended it. */
  readonly isSecure: boolean;
  /**
   * Reads the body, inflated. To be called at most once, by the `body` of a call if there is one.
   *
   * @throws ServingError of the allowance; RESOURCE_EXHAUSTED / BODY_TOO_LARGE or BODY_INFLATES_TOO_MUCH, CANCELLED / BODY_INCOMPLETE, INVALID_ARGUMENT /
   * BODY_UNREADABLE or ENCODING_UNSUPPORTED.
   */
  body(): Awaitable<Uint8Array>;
}

/** The answer of a route. */
export interface HttpAnswer {
  readonly status: number;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Further headers. Default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The whole body, or its parts as they come. A stream is read no faster than the client takes it; an error in
   * it ends the connection, because its status has been sent. The bytes must not change after they were given.
   */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** One gRPC service of a protocol. Messages are bytes. */
export interface GrpcService {
  /** The full name, such as `tensorflow.serving.PredictionService`. */
  readonly name: string;
  readonly methods: Readonly<Record<string, GrpcMethod>>;
  /**
   * The texts of the `.proto` files that declare the service and its messages, without imports: for server
   * reflection. Default: reflection lists the service and knows no messages.
   */
  readonly protos?: readonly string[];
  /**
   * When the health service reports it as serving: if the server is ready, or until it closes, because it
   * answers without models too. Default `ready`.
   */
  readonly health?: "ready" | "live";
}

/** A method of a gRPC service, by which sides stream. What it throws becomes the status of the call. */
export type GrpcMethod =
  | {
      readonly kind: "unary";
      handle(request: Uint8Array, context: CallContext): Awaitable<Uint8Array>;
    }
  | {
      readonly kind: "serverStream";
      handle(request: Uint8Array, context: CallContext): AsyncIterable<Uint8Array>;
    }
  | {
      readonly kind: "clientStream";
      handle(requests: AsyncIterable<Uint8Array>, context: CallContext): Awaitable<Uint8Array>;
    }
  | {
      readonly kind: "bidiStream";
      handle(requests: AsyncIterable<Uint8Array>, context: CallContext): AsyncIterable<Uint8Array>;
    };

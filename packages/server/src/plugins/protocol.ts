import type { ErrorStatus } from "../status-mapping.js";
import type { Plugin } from "./plugin-module.js";
import type { CallContext, CallHeaders, ServerCore } from "./server-core.js";

/**
 * A protocol: the HTTP routes and gRPC services through which clients reach the models of a server.
 *
 * A protocol guarantees:
 * - PR1 `http` and `grpc` only create objects, the same each time. Each is called once in each event loop, `grpc` only
 *   if gRPC is served. They do not call the core or open listeners.
 * - PR2 It accesses models only through `call` of the core, and runs them only by `predict` of the version.
 * - PR3 Each call names one of the `apis`, and the model that the client requested, known or not.
 * - PR4 An unknown model that is named outside the body is refused before the body is read; an unknown signature is
 *   refused before any tensor is decoded.
 * - PR5 Each call carries the context of its request, so that its deadline and its abort reach the model.
 * - PR6 A failure is reported in the protocol's format, with the status of its code and its message. A malformed body
 *   only fails its own request.
 * - PR7 The outputs that it encodes equal those of `predict`, bit for bit as far as the format allows.
 * - PR8 It holds no version while a response is written: `run` ends once the outputs are complete.
 * - PR9 It keeps no part of a request after the response.
 * - PR10 A stream ends when its client disconnects (`signal`). An endless stream also ends when the server closes
 *   (`core.closing`).
 * - PR11 It takes memory from the allowance of its call before it creates objects from the body: string elements,
 *   examples, features, map entries, names. A refused body costs no more than an accepted one.
 *
 * A server guarantees to a protocol:
 * - PS1 Routes and services of all protocols are disjoint. A conflict is an error at the start that names both.
 * - PS2 A call is observed once, body failures included, and ends once, after its response was encoded.
 * - PS3 A call rejects at its deadline, or when its client disconnects, regardless of the predictor.
 * - PS4 A handle is held from the time the body is complete until the outputs are complete. It is never held while a
 *   body is read or a response is written.
 * - PS5 While the server starts, `call` rejects with SERVER_STARTING (UNAVAILABLE). Routes that call no model respond.
 * - PS6 While the server closes, every route and method is refused with SERVER_CLOSING (UNAVAILABLE), except routes
 *   that are `whileClosing`. Requests in flight are waited for.
 * - PS7 A body is limited before it takes memory (`maxBodyBytes`, `maxMessageBytes`), also after decompression and by
 *   compression ratio. The memory of the server limits all requests together: see `CallAllowance` (CB1 to CB3).
 * - PS8 Any thrown value that is not a ServingError is INTERNAL, with an id instead of its message, and logged once.
 *   That includes a revoked Proxy, and an error whose getters throw.
 * - PS9 At most 1 MB more of a refused body is read. Then its connection, or its HTTP/2 stream, is closed.
 * - PS10 At the server's own listeners, a response without progress is aborted, and so is an idle stream. The number of
 *   connections is limited there.
 * - PS11 `authorize` of the app is called before a request reaches the protocol, and again with the model before a call
 *   is decoded.
 * - PS12 Each refusal is counted by its kind, for observers.
 */
export interface Protocol extends Plugin {
  /** The names of its calls for observers: a bounded set. Other names are observed as `(other)`. */
  readonly apis: readonly string[];
  /** The names of its transports for observers. Default `<name>/http` and `<name>/grpc`. */
  readonly entrypoints?: { readonly http?: string; readonly grpc?: string };
  /** Returns its HTTP routes. The first matching route handles the request. */
  http?(core: ServerCore): readonly HttpRoute[];
  /** Returns its gRPC services. */
  grpc?(core: ServerCore): readonly GrpcService[] | Promise<readonly GrpcService[]>;
  /** Returns the response to a failed request. Default `{"error": message}` with the HTTP status of the code. */
  httpError?(status: ErrorStatus): HttpAnswer;
}

/** A value, or a promise of one. */
export type Awaitable<T> = T | Promise<T>;

/** One HTTP route of a protocol. */
export interface HttpRoute {
  /** The HTTP method, such as `GET`, which includes HEAD; `*` matches every method. */
  readonly method: string;
  /**
   * The path, compared segment by segment: literal segments, `:name` for any one segment, and `*` at the end for any
   * remaining segments, or none: `/v1/models/*`, `/events/:topic`.
   */
  readonly path: string;
  /** True if the path is case-sensitive. Default true. */
  readonly caseSensitive?: boolean;
  /** True if the route still responds while the server closes, as health does. Default false. */
  readonly whileClosing?: boolean;
  /**
   * True if the route is used only at the server's own ports, after all other routes, and not if the server is mounted
   * in an app. Default false.
   */
  readonly fallback?: boolean;
  /** Handles a request. `httpError` of its protocol reports errors that it throws. */
  handle(request: HttpRequest): Awaitable<HttpAnswer>;
}

/** A request of a route. */
export interface HttpRequest extends CallContext {
  readonly method: string;
  /** The path without the query and without the prefix that the server is mounted under. Not decoded. */
  readonly path: string;
  /** The query without `?`, as sent. */
  readonly search: string;
  /** The values of the `:name` segments, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** HTTP headers, by lowercase name. */
  readonly headers: CallHeaders;
  /** True if the request arrived over TLS, as far as the server knows: a proxy may have terminated TLS. */
  readonly isSecure: boolean;
  /**
   * Reads the body, decompressed. Call it at most once; if the request makes a call, in the `body` of that call.
   *
   * @throws ServingError of the allowance; RESOURCE_EXHAUSTED / BODY_TOO_LARGE or BODY_INFLATES_TOO_MUCH, CANCELLED /
   * BODY_INCOMPLETE, INVALID_ARGUMENT / BODY_UNREADABLE or ENCODING_UNSUPPORTED.
   */
  body(): Awaitable<Uint8Array>;
}

/** The response of a route. */
export interface HttpAnswer {
  readonly status: number;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Additional headers. Default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The whole body, or its parts as they become available. A stream is read no faster than the client reads it. If the
   * stream fails, the connection is closed, because the status has already been sent. The bytes must not change after
   * they were returned.
   */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** One gRPC service of a protocol. Messages are bytes. */
export interface GrpcService {
  /** The full name, such as `tensorflow.serving.PredictionService`. */
  readonly name: string;
  readonly methods: Readonly<Record<string, GrpcMethod>>;
  /**
   * The contents of the `.proto` files that declare the service and its messages, without imports, for server
   * reflection. Default: reflection lists the service but knows no messages.
   */
  readonly protos?: readonly string[];
  /**
   * The condition under which the health service reports the service as serving: `ready`, if the server is ready, or
   * `live`, until the server closes, because the service also responds without models. Default `ready`.
   */
  readonly health?: "ready" | "live";
}

/** A method of a gRPC service, by streaming direction. An error that it throws becomes the status of the call. */
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

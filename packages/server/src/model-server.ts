import type { AspiredVersionsManager, Clock, Logger } from "@serving-kit/core";
import type { ModelCalls, ModelType, OpenModels, Predictor } from "@serving-kit/inference";
import type { Authorize } from "./calls/authorize.js";
import type { ModelOutcome, ReloadOptions } from "./config/model-outcome.js";
import type { GrpcListening, GrpcListenOptions } from "./grpc/grpc-listen-options.js";
import type { FetchHandler } from "./http/fetch-handler.js";
import type { HttpOptions } from "./http/http-api.js";
import type {
  Listening,
  ListenOptions,
  SocketListening,
  SocketListenOptions,
} from "./http/http-listener.js";
import type { RestListener } from "./http/node-listener.js";
import type { ServerLimits } from "./limits/server-limits.js";
import type { ModelControlMode } from "./models/model-control.js";
import type { ModelsOption } from "./models/model-places.js";
import type { ServedModelsOptions } from "./models/served-models-options.js";
import type { AcquireDecorator } from "./plugins/acquire-decorator.js";
import type { Observer } from "./plugins/observer.js";
import type { HttpRoute, Protocol } from "./plugins/protocol.js";
import type { ThreadsOptions } from "./threads/threads-options.js";

/** Options for `createModelServer`. */
export interface ModelServerOptions<M = unknown> extends Omit<ServedModelsOptions, "models"> {
  /**
   * The models: `{ name: path }`, `{ name: { basePath, … } }`, `{ name: definedModel }`, or a list of
   * `{ name, basePath, … }`. Default none; `reload` replaces them.
   */
  readonly models?: ModelsOption<M> | undefined;
  /** Timeout in ms for the start-up policy. Default Infinity. */
  readonly startUpTimeoutMs?: number | undefined;
  /**
   * Called with the server before it looks for models. If it starts listeners, they serve health and status
   * immediately, and reject other requests with 503 (UNAVAILABLE) until the start-up policy is met. If it rejects,
   * the start fails with its error. Default none.
   */
  readonly beforeStart?: ((server: ModelServer) => void | Promise<void>) | undefined;
  /**
   * True if clients may replace the models with the RPC HandleReloadConfigRequest: `reload`, the default, within
   * `modelRoots`, or `none`. The method `reload` of this object is not limited.
   */
  readonly modelControl?: ModelControlMode | undefined;
  /**
   * The folders and URIs at and below which clients may load models. Symlinks are resolved. A URI is allowed only
   * below a root that is a URI. Default: the parents of the base paths of `models`, or the base path itself if its
   * parent is `/` or has no path.
   */
  readonly modelRoots?: readonly string[] | undefined;
  /** CORS, timeouts and limits of HTTP routes, regardless of where they are mounted. Default: TF Serving's. */
  readonly rest?: HttpOptions | undefined;
  /** Limits for all clients together: memory, connections, stalled responses. */
  readonly limits?: ServerLimits | undefined;
  /** Decides which requests are allowed, over HTTP and gRPC. Default: all. */
  readonly authorize?: Authorize | undefined;
  /** The protocols for clients: see `Protocol`. Default none: the models can be called only within the process. */
  readonly protocols?: readonly Protocol[] | undefined;
  /** Observers of calls, such as metrics, spans and a request log. Default none. */
  readonly observers?: readonly Observer[] | undefined;
  /** Decorators of `acquire` between calls and versions. The last one is the outermost, called first. Default none. */
  readonly acquireDecorators?: readonly AcquireDecorator[] | undefined;
  /**
   * Number of event loops that serve `listen` and `listenGrpc`, each in a worker thread, with one loaded copy of each
   * model. 1, the default, is the app's own loop. If threads cannot share a port, 1 is used, with a warning.
   */
  readonly threads?: number | ThreadsOptions | undefined;
  /** Default: no logging. */
  readonly logger?: Logger | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * A model server: loads models from sources, and serves them by protocols.
 *
 * It listens only after `listen`. Mounted in an app with `rest` or `fetch`, it uses the app's server.
 *
 * @example
 * ```ts
 * const models: ModelServer = await createModelServer({ models: { digits: "models/digits" } });
 * app.use(models.rest); // POST /v1/models/digits:predict, …
 * const { probabilities } = await models.predict("digits", { image: pixels });
 * await models.close();
 * ```
 */
export interface ModelServer<M extends { [N in keyof M]: ModelType } = OpenModels>
  extends AsyncDisposable,
    ModelCalls<M> {
  /** The HTTP routes of all protocols for node:http, node:http2, Connect and Express, under any mount prefix. */
  readonly rest: RestListener;
  /** The HTTP routes of all protocols for Hono and everything built on the Fetch API. */
  readonly fetch: FetchHandler;
  /** Methods and paths of the HTTP routes of `rest`, for apps that list their routes. */
  readonly routes: readonly Pick<HttpRoute, "method" | "path">[];
  /** The manager of the models, for predictions within the process. */
  readonly manager: AspiredVersionsManager<Predictor>;
  /**
   * Listens for HTTP or HTTPS. Rejects with Node's error if the port is taken; throws ServingError INVALID_ARGUMENT /
   * CONFIG_INVALID for the TLS configuration.
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /** Listens for HTTP on a unix socket. Rejects as the other overload. */
  listen(options: SocketListenOptions): Promise<SocketListening>;
  /**
   * Listens for the gRPC services of the protocols. Rejects with an error with Node's `code` if the port is taken;
   * throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for the TLS configuration.
   */
  listenGrpc(options?: GrpcListenOptions): Promise<GrpcListening>;
  /**
   * Replaces all models, by name or as a list. Other models are unloaded, except those of `sources`. Reloads take
   * effect in the order of the calls, the first one after the server has started.
   *
   * Resolves with the outcome of each model when all models have an available version or have failed. For other
   * models, only the wait ends and the model keeps loading: with MODEL_NOT_SETTLED (DEADLINE_EXCEEDED) after
   * `timeoutMs` (default 300,000), with RELOAD_SUPERSEDED (ABORTED) when another reload takes effect, and with the
   * reason of `signal` when it aborts. If the server has not started after `timeoutMs`, all models have this outcome
   * and the reload still takes effect later. If `signal` aborts before the start, the reload does not take effect and
   * rejects with the reason.
   *
   * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID, and then changes nothing.
   */
  reload(models: ModelsOption<unknown>, options?: ReloadOptions): Promise<ModelOutcome[]>;
  /** Reopens log files of observers after a rotation, such as the request log. */
  reopenLogs(): void;
  /** Polls for versions now, and resolves when the found versions have been aspired. */
  poll(): Promise<void>;
  /**
   * Reports not ready from now on, but still serves requests for `ms`, so that load balancers stop sending requests
   * before the server closes. Clients are asked to close their connections: with `Connection: close` in each HTTP/1
   * response, and one GOAWAY on each open HTTP/2 connection. New connections are served.
   *
   * Resolves after `ms`, or when `close` is called. Resolves earlier if no connection is open and none was opened for
   * a second, unless an app mounts the REST API, whose connections are not known. Call `close` next. If the server
   * has not started or is closing, resolves immediately. A second call returns the first promise. Never rejects.
   *
   * @throws RangeError unless `ms` is a number >= 0.
   */
  lameDuck(ms: number): Promise<void>;
  /**
   * Ends endless responses of `rest` and `fetch`, such as server-sent events, while other requests are still served.
   * For apps that wait for their requests before they call `close`, which does the same.
   */
  endStreams(): void;
  /**
   * Reports not ready, rejects new requests with 503, waits for requests in flight, stops listening and unloads all
   * models. After `deadlineMs` (default: no deadline), aborts the remaining requests. Later calls return the same
   * promise.
   */
  close(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}

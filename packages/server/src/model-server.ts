import type { AspiredVersionsManager, Clock, Logger } from "@serving-kit/core";
import type { ModelCalls, ModelType, OpenModels, Predictor } from "@serving-kit/inference";
import type { Authorize } from "./calls/authorize.js";
import type { ModelOutcome, ReloadOptions } from "./config/model-outcome.js";
import type { GrpcListening, GrpcListenOptions } from "./grpc/grpc-listener.js";
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
  /** How long to wait for the start-up policy in ms. Default Infinity. */
  readonly startUpTimeoutMs?: number | undefined;
  /**
   * Called with the server before it looks for the first model. What it makes listen answers health
   * and status at once, and refuses the rest with 503 (UNAVAILABLE) until the start-up policy is met;
   * what it rejects with ends the start. Default none.
   */
  readonly beforeStart?: ((server: ModelServer) => void | Promise<void>) | undefined;
  /**
   * Whether clients may replace the models by the RPC HandleReloadConfigRequest: `reload`, the default, within
   * `modelRoots`, or `none`. `reload` of this object is not limited.
   */
  readonly modelControl?: ModelControlMode | undefined;
  /**
   * The folders and URIs that clients may load models from, and all below. Symlinks are resolved. A URI is allowed
   * only below a root that is a URI. Default: the parents of the base paths of `models`, or the base path itself if
   * its parent is `/` or has no path.
   */
  readonly modelRoots?: readonly string[] | undefined;
  /** CORS, timeouts and limits of what is served over HTTP, wherever it is mounted. Default TF Serving's. */
  readonly rest?: HttpOptions | undefined;
  /** Limits of what all clients together may take: memory, connections, answers that stall. */
  readonly limits?: ServerLimits | undefined;
  /** Decides which requests may be answered, over HTTP and gRPC. Default: all. */
  readonly authorize?: Authorize | undefined;
  /** How clients reach the models: see `Protocol`. Default none: the models are served within the process. */
  readonly protocols?: readonly Protocol[] | undefined;
  /** Observers of the calls: metrics, spans, a request log. Default none. */
  readonly observers?: readonly Observer[] | undefined;
  /** Decorators between calls and versions, the last one nearest to the calls. Default none. */
  readonly acquireDecorators?: readonly AcquireDecorator[] | undefined;
  /**
   * How many event loops answer what comes by `listen` and `listenGrpc`, each in a worker thread, over
   * one loaded copy of each model; 1, the default, is the app's own. Where threads cannot share a port
   * it stays at 1, with a warning.
   */
  readonly threads?: number | ThreadsOptions | undefined;
  /** Default: nothing is written. */
  readonly logger?: Logger | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * A model server: models from their sources, served by its protocols.
 *
 * Nothing listens until `listen`; mounted in an app, by `rest` or `fetch`, it shares the app's server.
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
  /** Methods and paths of the HTTP routes that `rest` claims where it is mounted: for apps that list theirs. */
  readonly routes: readonly Pick<HttpRoute, "method" | "path">[];
  /** The manager of the models, for predictions within the process. */
  readonly manager: AspiredVersionsManager<Predictor>;
  /**
   * Listens over HTTP or HTTPS. Rejects with Node's error when the port is taken; throws
   * ServingError INVALID_ARGUMENT / CONFIG_INVALID for the TLS configuration.
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /** Listens over HTTP on a unix socket. Rejects as the other form does. */
  listen(options: SocketListenOptions): Promise<SocketListening>;
  /**
   * Listens for the gRPC services of the protocols. Rejects with an error with Node's `code` when the port is
   * taken; throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for the TLS configuration.
   */
  listenGrpc(options?: GrpcListenOptions): Promise<GrpcListening>;
  /**
   * Replaces all models, given by name or as a list: the others are unloaded, except those of `sources`. Reloads take effect in the order of the
   * calls, the first when the server has started.
   *
   * Resolves when each model has an available version or has failed, with the outcome of each. One that
   * has done neither is given up (only the waiting, not the model) with MODEL_NOT_SETTLED
   * (DEADLINE_EXCEEDED) after `timeoutMs` (default 300,000), with RELOAD_SUPERSEDED (ABORTED) when
   * another reload takes effect, and with the reason of `signal` when it aborts. A reload that still waits
   * for the start after `timeoutMs` gives all its models up in this way, and takes effect nevertheless;
   * with a `signal` that aborts before it does not, and rejects with the reason.
   *
   * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID, and then changes nothing.
   */
  reload(models: ModelsOption<unknown>, options?: ReloadOptions): Promise<ModelOutcome[]>;
  /** Opens log files again after a rotation: those of observers, such as the request log. */
  reopenLogs(): void;
  /** Looks for versions now, and resolves when what was found has been aspired. */
  poll(): Promise<void>;
  /**
   * Reports not ready from now on, and still answers for `ms`, so that load balancers stop sending
   * requests before the server closes. Each answer asks its client to close the connection: `Connection:
   * close` in HTTP/1, and GOAWAY once on each HTTP/2 connection that is open. New connections are served.
   *
   * Resolves after `ms`; earlier if no connection is open and none has come for a second, unless the REST
   * API is mounted in an app, whose connections are not known; or when `close` is called. Call `close`
   * next. A server that has not started, or that closes, resolves immediately; a second call returns the
   * first promise. Never rejects.
   *
   * @throws RangeError unless `ms` is a number >= 0.
   */
  lameDuck(ms: number): Promise<void>;
  /**
   * Ends the answers of `rest` and `fetch` that have no end of their own, such as server-sent events, while all
   * else is answered as before: for an app that waits for its requests before it calls `close`, which does the
   * same.
   */
  endStreams(): void;
  /**
   * Not ready from now on; refuses new requests with 503, waits for those in flight, stops listening
   * and unloads all models. After `deadlineMs` (default: never) it no longer waits: what is in flight
   * is cut off. Can be called again and gives the same promise.
   */
  close(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}

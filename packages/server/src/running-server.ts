import {
  type AspiredVersionsManager,
  type Clock,
  type Logger,
  type ServableRequest,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelConfig } from "./config/model-config.js";
import { errors } from "./errors.js";
import type { RpcReloadOptions } from "./grpc/grpc-host.js";
import type { GrpcListening, GrpcListenOptions } from "./grpc/grpc-listener.js";
import type {
  Listening,
  ListenOptions,
  SocketListening,
  SocketListenOptions,
} from "./listening/http-listener.js";
import { addCounts, waitAsLameDuck } from "./listening/lame-duck.js";
import { type TransportObservers, transportObservers } from "./listening/transport-observers.js";
import { Transports } from "./listening/transports.js";
import { DEFAULT_METRICS_PATH } from "./metrics/metrics-options.js";
import type { ServerMetrics } from "./metrics/server-metrics.js";
import type { ModelServer, ModelServerOptions } from "./model-server.js";
import { afterStart } from "./models/after-start.js";
import { ModelControl } from "./models/model-control.js";
import { ServedModels } from "./models/served-models.js";
import {
  checkStartUp,
  type ModelOutcome,
  type ReloadOptions,
  type SettleOptions,
} from "./models/start-up.js";
import { tellRefused, tellReload, tellUntold } from "./models/tell-reload.js";
import { ModelRequestLogs } from "./request-log/model-request-logs.js";
import type { FetchHandler } from "./rest/fetch-handler.js";
import type { RestListener } from "./rest/node-listener.js";
import type { Threads } from "./threads/threads.js";
import type { OpenTelemetry } from "./tracing/call-spans.js";

const RELOAD_TIMEOUT_MS = 300_000;

const NO_CONNECTIONS = { open: 0, accepted: 0 };

const noMetrics = Buffer.alloc(0);

/**
 * A model server from its parts: the models, the transports or event loops that answer for them, and what
 * watches the calls. `start` it once; `close` it also where that fails. Takes `threads` over.
 */
export class RunningServer implements ModelServer {
  readonly rest: RestListener;
  readonly fetch: FetchHandler;
  readonly manager: AspiredVersionsManager<Predictor>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #models: ServedModels;
  readonly #metrics: ServerMetrics | undefined;
  readonly #requestLogs: ModelRequestLogs;
  readonly #transports: Transports;
  readonly #threads: Threads | undefined;
  readonly #observe: () => TransportObservers;
  /** What watches the calls of each transport; a reload may change it. */
  #observers: TransportObservers;
  /** Who is told that a version's state has changed, or that the server has started. */
  readonly #stateListeners = new Set<() => void>();
  #isStarted = false;
  #starting: Promise<unknown> = Promise.resolve();
  /** Whether the server listens by itself; else only the app knows the connections. */
  #isListening = false;
  /** Ends the waiting of `lameDuck`. */
  readonly #lameDuckEnds = new AbortController();
  #leaving: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    options: ModelServerOptions,
    Metrics: typeof ServerMetrics | undefined,
    otel: OpenTelemetry | undefined,
    threads: Threads | undefined,
  ) {
    const { clock = systemClock, logger = silentLogger, rest } = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#threads = threads;
    const adapters = [...(options.adapters ?? []), ...(threads ? [threads.adapter] : [])];
    const models = new ServedModels({ ...options, adapters }, clock, logger);
    const { manager } = models;
    this.#models = models;
    this.manager = manager;
    manager.events.subscribe(() => {
      for (const listener of this.#stateListeners) listener();
    });
    const core = {
      acquire: (request: ServableRequest) => manager.acquire(request),
      states: (name?: string) => models.states(name),
      statesBeside: (name: string) => models.statesBeside(name),
      labels: (name: string) => manager.labels(name),
      modelNames: () => models.names(),
      checksMethodNames: options.signatureMethodNameCheck ?? false,
      clock,
      logger,
    };
    const metrics = Metrics && new Metrics(core, options.metrics);
    const readMetrics = async () => (await metrics?.read(await threads?.metrics())) ?? noMetrics;
    const counts = async (names: readonly string[]) =>
      (await metrics?.counts(names, await threads?.metrics())) ??
      new Map(names.map((name) => [name, 0]));
    this.#metrics = metrics;
    this.#requestLogs = new ModelRequestLogs(options.requestLog, {
      logger,
      clock,
      listener: ({ id }, status) => metrics?.recordLogged(id.name, status),
    });
    this.#requestLogs.configure(models.configured.values());
    this.#observe = () => {
      const requestLog = this.#requestLogs.isLogging ? this.#requestLogs : undefined;
      return transportObservers({ metrics, requestLog, otel, clock });
    };
    this.#observers = this.#observe();
    const control = new ModelControl(options);
    const host = {
      isStarted: () => this.#isStarted,
      counts,
      reload: (configs: readonly ModelConfig[], { peer, ...limits }: RpcReloadOptions) =>
        tellReload({ peer, models: configs, logger }, async () => {
          await control.check(configs);
          return this.reload(models.withUnsaid(configs), limits);
        }),
      onStateChange: (listener: () => void) => {
        this.#stateListeners.add(listener);
        return { [Symbol.dispose]: () => this.#stateListeners.delete(listener) };
      },
    };
    this.#transports = new Transports({
      ...host,
      core,
      isServing: () => models.isServing(),
      observer: (entrypoint) => this.#observers[entrypoint],
      rest,
      page: metrics && {
        path: options.metrics?.path ?? DEFAULT_METRICS_PATH,
        contentType: metrics.contentType,
        read: readMetrics,
      },
    });
    const samplingRate = options.requestLog && (options.requestLog.samplingRate ?? 1);
    threads?.serve({ ...host, models, requestLog: this.#requestLogs, samplingRate, readMetrics });
    this.rest = this.#transports.rest;
    this.fetch = this.#transports.fetch;
  }

  start(options: ModelServerOptions): Promise<void> {
    // In a later turn, so that a reload that beforeStart asks for waits for the start.
    const started = Promise.resolve().then(() => this.#start(options));
    this.#starting = started.catch(() => {});
    return started;
  }

  async #start({
    beforeStart,
    startUpPolicy: policy = "any",
    startUpTimeoutMs = Infinity,
  }: ModelServerOptions): Promise<void> {
    await beforeStart?.(this);
    if (this.#closing !== undefined) throw errors.serverClosing();
    this.#models.start(this.#metrics);
    if (policy !== "none") {
      const outcomes = await this.#models.settle({ timeoutMs: startUpTimeoutMs });
      if (this.#closing !== undefined) throw errors.serverClosing();
      checkStartUp(policy, outcomes);
      tellUntold(outcomes, this.#logger);
    }
    this.#isStarted = true;
    for (const listener of this.#stateListeners) listener();
    await this.#threads?.told();
  }

  listen(options?: ListenOptions): Promise<Listening>;
  listen(options: SocketListenOptions): Promise<SocketListening>;
  listen(options: ListenOptions | SocketListenOptions = {}): Promise<Listening | SocketListening> {
    this.#isListening = true;
    if ("socketPath" in options) return this.#transports.listen(options);
    return (this.#threads ?? this.#transports).listen(options);
  }

  async listenGrpc(options: GrpcListenOptions = {}): Promise<GrpcListening> {
    this.#isListening = true;
    const { port, socketPath, ...rest } = options;
    const isSocketOnly = port === undefined && socketPath !== undefined;
    if (this.#threads === undefined || isSocketOnly) return this.#transports.listenGrpc(options);
    const onSocket = socketPath && (await this.#transports.listenGrpc({ ...rest, socketPath }));
    const onPort = await this.#threads.listenGrpc({ ...rest, ...(port !== undefined && { port }) });
    return { ...onSocket, ...onPort };
  }

  reload(
    models: readonly ModelConfig[],
    { timeoutMs = RELOAD_TIMEOUT_MS, signal }: ReloadOptions = {},
  ): Promise<ModelOutcome[]> {
    const run = (restMs: number) =>
      this.#reload(models, { timeoutMs: restMs, ...(signal && { signal }) });
    if (this.#isStarted) return this.#starting.then(() => run(timeoutMs));
    const giveUp = () =>
      models.map(({ name }) => ({ name, error: errors.modelNotSettled(name, timeoutMs) }));
    const onLateFailure = (error: unknown) =>
      tellRefused("a reload that waited for the start", error, this.#logger);
    return afterStart(
      { starting: this.#starting, run, giveUp, onLateFailure, clock: this.#clock },
      { timeoutMs, ...(signal && { signal }) },
    );
  }

  async #reload(models: readonly ModelConfig[], options: SettleOptions): Promise<ModelOutcome[]> {
    // A server that has not started by now never will.
    if (this.#closing !== undefined || !this.#isStarted) throw errors.serverClosing();
    this.#models.replace(models);
    this.#requestLogs.configure(this.#models.configured.values());
    this.#observers = this.#observe();
    for (const listener of this.#stateListeners) listener();
    const outcomes = await this.#models.settle(options);
    await this.#threads?.told();
    return outcomes;
  }

  poll(): Promise<void> {
    return this.#models.poll();
  }

  lameDuck(ms: number): Promise<void> {
    if (typeof ms !== "number" || !(ms >= 0)) {
      throw new RangeError(`lameDuck: expected milliseconds, at least 0; got ${ms}`);
    }
    if (!this.#isStarted || this.#closing !== undefined) return Promise.resolve();
    this.#leaving ??= this.#lameDuck(ms);
    return this.#leaving;
  }

  async #lameDuck(ms: number): Promise<void> {
    this.#transports.leave();
    await this.#threads?.leave();
    const connections = async () => {
      const own = this.#isListening ? this.#transports.connections : undefined;
      return own && addCounts(own, (await this.#threads?.connections()) ?? NO_CONNECTIONS);
    };
    const { signal } = this.#lameDuckEnds;
    await waitAsLameDuck({ ms, clock: this.#clock, signal, connections });
  }

  close({ deadlineMs }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(deadlineMs: number | undefined): Promise<void> {
    this.#models.stopSettling(errors.serverClosing());
    this.#lameDuckEnds.abort();
    const ownDown = this.#transports.shutDown({ deadlineMs, clock: this.#clock });
    await this.#threads?.shutDown(deadlineMs);
    using down = await ownDown;
    try {
      await this.manager.close({ signal: down.overdue });
    } finally {
      await this.#threads?.close();
      this.#metrics?.[Symbol.dispose]();
      await this.#requestLogs[Symbol.asyncDispose]();
    }
  }
}

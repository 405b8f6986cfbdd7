import {
  type AspiredVersionsManager,
  type Clock,
  type Logger,
  silentLogger,
  systemClock,
  turn,
} from "@serving-kit/core";
import type { Model, ModelAnswer, Predictor, ServerCallOptions } from "@serving-kit/inference";
import type { Authorize } from "./calls/authorize.js";
import { LocalCalls } from "./calls/local-calls.js";
import type { ModelConfig } from "./config/model-config.js";
import type { ModelOutcome, ReloadOptions } from "./config/model-outcome.js";
import { errors } from "./errors.js";
import type { GrpcListening, GrpcListenOptions } from "./grpc/grpc-listen-options.js";
import type { FetchHandler } from "./http/fetch-handler.js";
import type {
  Listening,
  ListenOptions,
  SocketListening,
  SocketListenOptions,
} from "./http/http-listener.js";
import type { RestListener } from "./http/node-listener.js";
import { type LimitSettings, limitSettings } from "./limits/server-limits.js";
import { addCounts } from "./listening/listener.js";
import { EventLoop, type LoopHost, pluginsOf } from "./loop/event-loop.js";
import { waitAsLameDuck } from "./loop/lame-duck.js";
import type { ModelServer, ModelServerOptions } from "./model-server.js";
import { afterStart } from "./models/after-start.js";
import type { ModelsOrigin } from "./models/configured-models.js";
import { logRefusedReload, logReload, logUnreported } from "./models/log-reload.js";
import { ModelControl } from "./models/model-control.js";
import { type ModelsOption, modelsOf } from "./models/model-places.js";
import { ServedModels } from "./models/served-models.js";
import { checkStartUp, type SettleOptions } from "./models/start-up.js";
import type { Threads } from "./threads/threads.js";

/** The options of a server with its models as a list. */
export interface RunningServerOptions extends Omit<ModelServerOptions, "models"> {
  readonly models?: readonly ModelConfig[];
  /** Default: `limits` with its defaults. */
  readonly limitSettings?: LimitSettings;
}

const RELOAD_TIMEOUT_MS = 300_000;

const NO_CONNECTIONS = { open: 0, accepted: 0 };

/**
 * Assembles a model server from its parts: the models, the event loop of the main thread, and the threads with their
 * own event loops. Call `start` once, and `close` even if `start` fails. Takes ownership of `threads`.
 */
export class RunningServer implements ModelServer {
  readonly rest: RestListener;
  readonly fetch: FetchHandler;
  readonly manager: AspiredVersionsManager<Predictor>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #models: ServedModels;
  readonly #loop: EventLoop;
  readonly #calls: LocalCalls;
  readonly #threads: Threads | undefined;
  readonly #authorize: Authorize | undefined;
  /** Called when a version's state has changed, or the server has started. */
  readonly #stateListeners = new Set<() => void>();
  #isStarted = false;
  #starting: Promise<unknown> = Promise.resolve();
  /** True if the server has its own listeners; otherwise only the app knows the connections. */
  #isListening = false;
  /** Ends the wait of `lameDuck`. */
  readonly #lameDuckEnds = new AbortController();
  #leaving: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RunningServerOptions, threads: Threads | undefined) {
    const { clock = systemClock, logger = silentLogger, rest } = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#threads = threads;
    this.#authorize = options.authorize;
    const adapters = [...(options.adapters ?? []), ...(threads ? [threads.adapter] : [])];
    const models = new ServedModels({ ...options, adapters }, clock, logger);
    const { manager } = models;
    this.#models = models;
    this.manager = manager;
    manager.events.subscribe(() => this.#stateChanged());
    const loop = new EventLoop(this.#loopHost(new ModelControl(options)), pluginsOf(options), {
      ...{ rest, slot: 0 },
      limits: options.limitSettings ?? limitSettings(options.limits),
    });
    this.#loop = loop;
    this.#calls = new LocalCalls(loop.localCore, models);
    loop.observers.configure([...models.configured.values()]);
    this.rest = loop.transports.rest;
    this.fetch = loop.transports.fetch;
  }

  /** The parts of the server that its own event loop uses. */
  #loopHost(control: ModelControl): LoopHost {
    const models = this.#models;
    const { manager } = this;
    const threads = this.#threads;
    const logger = this.#logger;
    return {
      ...{ isMain: true, clock: this.#clock, logger },
      authorize: this.#authorize,
      acquire: (request) => manager.acquire(request),
      states: (name) => models.states(name),
      statesBeside: (name) => models.statesBeside(name),
      labels: (name) => manager.labels(name),
      modelNames: () => models.names(),
      modelUris: () => models.uris(),
      isStarted: () => this.#isStarted,
      isServing: () => models.isServing(),
      onStateChange: (listener) => this.#onStateChange(listener),
      reload: (configs, { peer, method, ...limits }) =>
        logReload({ peer, method, models: configs, logger }, async () => {
          await control.check(configs);
          return this.#reloadAfterStart(configs, "client", limits);
        }),
      links: {
        peers: (name) => threads?.peers(name) ?? [],
        askMain: () => Promise.reject(errors.observerAlone()),
        newsChanged: () => threads?.newsChanged(),
      },
    };
  }

  get routes(): ModelServer["routes"] {
    return this.#loop.transports.routes;
  }

  endStreams(): void {
    this.#loop.transports.endStreams();
  }

  predict(name: string, inputs: unknown, options?: ServerCallOptions): Promise<never> {
    return this.#calls.predict(name, inputs, options);
  }

  call(name: string, inputs: unknown, options?: ServerCallOptions): Promise<ModelAnswer<never>> {
    return this.#calls.call(name, inputs, options);
  }

  model(name: string): Model {
    return this.#calls.model(name);
  }

  start(options: RunningServerOptions): Promise<void> {
    // In a later turn, so that a reload that beforeStart requests waits for the start.
    const started = Promise.resolve().then(() => this.#start(options));
    this.#starting = started.catch(() => {});
    return started;
  }

  async #start({
    beforeStart,
    startUpPolicy: policy = "any",
    startUpTimeoutMs = Infinity,
  }: RunningServerOptions): Promise<void> {
    await this.#threads?.start();
    this.#serveThreads();
    await beforeStart?.(this);
    if (this.#closing !== undefined) throw errors.serverClosing();
    this.#models.start(this.#loop.observers);
    if (policy !== "none") {
      const outcomes = await this.#models.settle(
        { timeoutMs: startUpTimeoutMs },
        this.#models.required,
      );
      if (this.#closing !== undefined) throw errors.serverClosing();
      checkStartUp(policy, outcomes);
      logUnreported(outcomes, this.#logger);
    }
    this.#isStarted = true;
    this.#stateChanged();
    await this.#threads?.told();
  }

  #serveThreads(): void {
    const { observers, core } = this.#loop;
    this.#threads?.serve({
      ...{ models: this.#models, observers, core, authorize: this.#authorize },
      isStarted: () => this.#isStarted,
      onStateChange: (listener) => this.#onStateChange(listener),
    });
  }

  listen(options?: ListenOptions): Promise<Listening>;
  listen(options: SocketListenOptions): Promise<SocketListening>;
  listen(options: ListenOptions | SocketListenOptions = {}): Promise<Listening | SocketListening> {
    this.#isListening = true;
    if ("socketPath" in options) return this.#loop.transports.listen(options);
    return (this.#threads ?? this.#loop.transports).listen(options);
  }

  async listenGrpc(options: GrpcListenOptions = {}): Promise<GrpcListening> {
    this.#isListening = true;
    const { port, socketPath, ...rest } = options;
    const isSocketOnly = port === undefined && socketPath !== undefined;
    if (this.#threads === undefined || isSocketOnly)
      return this.#loop.transports.listenGrpc(options);
    const onSocket =
      socketPath && (await this.#loop.transports.listenGrpc({ ...rest, socketPath }));
    const onPort = await this.#threads.listenGrpc({ ...rest, ...(port !== undefined && { port }) });
    return { ...onSocket, ...onPort };
  }

  async reload(places: ModelsOption<unknown>, options?: ReloadOptions): Promise<ModelOutcome[]> {
    const models = modelsOf(places ?? null) as readonly ModelConfig[];
    return this.#reloadAfterStart(models, "operator", options);
  }

  #reloadAfterStart(
    models: readonly ModelConfig[],
    origin: ModelsOrigin,
    { timeoutMs = RELOAD_TIMEOUT_MS, signal }: ReloadOptions = {},
  ): Promise<ModelOutcome[]> {
    const run = (restMs: number) =>
      this.#reload(models, origin, { timeoutMs: restMs, ...(signal && { signal }) });
    if (this.#isStarted) return this.#starting.then(() => run(timeoutMs));
    const giveUp = () =>
      models.map(({ name }) => ({ name, error: errors.modelNotSettled(name, timeoutMs) }));
    const onLateFailure = (error: unknown) =>
      logRefusedReload("a reload that waited for the start", error, this.#logger);
    return afterStart(
      { starting: this.#starting, run, giveUp, onLateFailure, clock: this.#clock },
      { timeoutMs, ...(signal && { signal }) },
    );
  }

  async #reload(
    models: readonly ModelConfig[],
    origin: ModelsOrigin,
    options: SettleOptions,
  ): Promise<ModelOutcome[]> {
    // A server that has not started yet can no longer start.
    if (this.#closing !== undefined || !this.#isStarted) throw errors.serverClosing();
    const configuration = await this.#models.replace(models, origin);
    this.#loop.observers.configure([...this.#models.configured.values()]);
    this.#stateChanged();
    await turn(); // The part above and the part below each take milliseconds for thousands of models.
    const outcomes = await this.#models.settle(options, configuration);
    await this.#threads?.told();
    return outcomes;
  }

  reopenLogs(): void {
    this.#loop.observers.reopenLogs();
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
    this.#loop.transports.leave();
    await this.#threads?.leave();
    const connections = async () => {
      const own = this.#isListening ? this.#loop.transports.connections : undefined;
      return own && addCounts(own, (await this.#threads?.connections()) ?? NO_CONNECTIONS);
    };
    const { signal } = this.#lameDuckEnds;
    await waitAsLameDuck({ ms, clock: this.#clock, signal, connections });
  }

  close({ deadlineMs }: { readonly deadlineMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onStateChange(listener: () => void): Disposable {
    this.#stateListeners.add(listener);
    return { [Symbol.dispose]: () => this.#stateListeners.delete(listener) };
  }

  #stateChanged(): void {
    for (const listener of this.#stateListeners) listener();
  }

  async #close(deadlineMs: number | undefined): Promise<void> {
    this.#models.stopSettling(errors.serverClosing());
    this.#lameDuckEnds.abort();
    const ownDown = this.#loop.transports.shutDown({ deadlineMs, clock: this.#clock });
    await this.#threads?.shutDown(deadlineMs);
    using down = await ownDown;
    try {
      await this.manager.close({ signal: down.overdue });
    } finally {
      await this.#threads?.close();
      await this.#loop[Symbol.asyncDispose]();
    }
  }
}

import { type Clock, type Logger, silentLogger, systemClock } from "@serving-kit/core";
import type { Authorize } from "../calls/authorize.js";
import { errors } from "../errors.js";
import type { GrpcListening, GrpcListenOptions } from "../grpc/grpc-listen-options.js";
import type { HttpOptions } from "../http/http-api.js";
import type { Listening, ListenOptions } from "../http/http-listener.js";
import type { LimitSettings } from "../limits/server-limits.js";
import { addCounts, type ConnectionCount } from "../listening/listener.js";
import { portSharing, type SharedAddress, type SharedListen } from "../listening/port-sharing.js";
import { type PluginOptions, pluginsOf } from "../loop/event-loop.js";
import type { ModelProcessor } from "../plugins/model-processor.js";
import type { ObserverPeer } from "../plugins/observer.js";
import { modulesOf } from "../plugins/plugin-module.js";
import type { Loop } from "./loop.js";
import type { LoopSettings } from "./loop-messages.js";
import { Loops } from "./loops.js";
import { mainMethods } from "./main-methods.js";
import { NewsTeller } from "./news-teller.js";
import { Replication } from "./replication.js";
import { SharedListeners } from "./shared-listeners.js";
import type { ThreadsHost } from "./threads-host.js";
import type { ThreadsOptions } from "./threads-options.js";

/** The dependencies of the threads. */
interface ThreadsSetup {
  readonly options: ThreadsOptions;
  readonly settings: Omit<LoopSettings, "slot">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The options of a server that its threads use. */
export interface ThreadedServerOptions extends PluginOptions {
  readonly threads?: number | ThreadsOptions | undefined;
  readonly rest?: HttpOptions | undefined;
  readonly limitSettings: LimitSettings;
  readonly authorize?: Authorize | undefined;
  readonly processor?: ModelProcessor | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * Creates the threads that a server's options request, without starting them. Returns undefined if the options request
 * one loop, or if threads cannot share a port.
 *
 * @throws ServingError INVALID_ARGUMENT / PLUGIN_NOT_SHARED for a plugin without a module.
 */
export function makeThreads({
  threads = 1,
  clock = systemClock,
  logger = silentLogger,
  rest,
  limitSettings: limits,
  authorize,
  processor,
  ...given
}: ThreadedServerOptions): Threads | undefined {
  const options = typeof threads === "number" ? { count: threads } : threads;
  if (options.count === 1) return undefined;
  const plugins = pluginsOf(given);
  const settings = {
    platforms: options.platforms?.toString(),
    ...{ rest, limits, hasAuthorize: authorize !== undefined },
    plugins: {
      protocols: modulesOf("protocol", plugins.protocols),
      observers: modulesOf("observer", plugins.observers),
      acquireDecorators: modulesOf("acquire decorator", plugins.acquireDecorators),
      processors: modulesOf("processor", processor ? [processor] : []),
    },
    hasLogger: logger !== silentLogger,
  };
  return Threads.make({ options, settings, clock, logger });
}

/**
 * The event loops of a model server, each in a worker thread: they serve requests, and the main thread decides which
 * versions are served (see `Replication`).
 */
export class Threads {
  readonly #loops: Loops;
  readonly #replication: Replication;
  readonly #listeners: SharedListeners;
  /** The observers of each loop, by name. */
  readonly #peers = new WeakMap<Loop, Map<string, ObserverPeer>>();
  #host: ThreadsHost | undefined;
  #news: NewsTeller | undefined;
  #isLeaving = false;
  #isClosing = false;

  /** Creates the threads. Returns undefined if they cannot share a port. */
  static make(setup: ThreadsSetup): Threads | undefined {
    const { options, logger } = setup;
    const share = portSharing(options);
    if (share === undefined) {
      const { platform, version } = process;
      logger.warn(
        { platform, version },
        `option threads: one event loop answers instead of ${options.count}, because Node ${version} on ` +
          `${platform} cannot share a port between threads; from 22.12 on it can on Linux`,
      );
      return undefined;
    }
    return new Threads(setup, share);
  }

  private constructor(
    { options, settings, clock, logger }: ThreadsSetup,
    share: (address: SharedAddress) => SharedListen,
  ) {
    const loops = new Loops({
      count: options.count,
      settings,
      methods: mainMethods({
        host: () => this.#serving,
        remote: (id) => this.#replication.remote(id),
        ...{ clock, logger },
      }),
      ...{ clock, logger },
      join: (loop) => this.#join(loop),
    });
    this.#loops = loops;
    this.#replication = new Replication(loops);
    this.#listeners = new SharedListeners(loops, share);
  }

  /**
   * Starts the threads. Call it once, after the main thread has its observers.
   *
   * @throws ServingError FAILED_PRECONDITION / THREADS_NOT_STARTED.
   */
  async start(): Promise<void> {
    this.#replication.canAttach(await this.#loops.start());
  }

  /** The adapter between the loaders and the manager. */
  get adapter(): Replication["adapter"] {
    return this.#replication.adapter;
  }

  /** Serves the models of a server. Call it once, before the first model is loaded. */
  serve(host: ThreadsHost): void {
    this.#host = host;
    this.#replication.follow(host.models.manager);
    const news = new NewsTeller(host, this.#loops);
    this.#news = news;
    host.onStateChange(() => news.due());
    news.changed();
  }

  /** Resolves when every loop has received all changes of the models until now. */
  async told(): Promise<void> {
    await this.#news?.told();
  }

  /** Contract: `ModelServer.listen`, in every loop. */
  listen(options: ListenOptions): Promise<Listening> {
    return this.#unlessClosing(() => this.#listeners.listen(options));
  }

  /** Contract: `ModelServer.listenGrpc`, in every loop, without Unix sockets. */
  listenGrpc(options: GrpcListenOptions): Promise<GrpcListening> {
    return this.#unlessClosing(() => this.#listeners.listenGrpc(options));
  }

  /** The observers of this name in all loops. For one loop it is always the same object. */
  peers(name: string): ObserverPeer[] {
    return [...this.#loops].map((loop) => this.#peer(loop, name));
  }

  /** Sends the news of the observers to the loops. */
  newsChanged(): void {
    this.#news?.changed();
  }

  /** Contract: `Transports.leave`, in every loop. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await this.#loops.each(({ channel }) => channel.call("leave", undefined)).catch(() => {});
  }

  /** Counts the connections of all loops. A loop that has ended has none. */
  async connections(): Promise<ConnectionCount> {
    const counts = await this.#loops
      .each(({ channel }) => channel.call("connections", undefined))
      .catch(() => []);
    const none = { open: 0, accepted: 0 };
    return counts.reduce<ConnectionCount>((sum, count) => addCounts(sum, count ?? none), none);
  }

  /** All loops refuse new requests, drain and stop listening. After the deadline remaining requests are aborted. */
  shutDown(deadlineMs: number | undefined): Promise<void> {
    this.#isClosing = true;
    this.#news?.[Symbol.dispose]();
    return this.#loops.shutDown(deadlineMs);
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#loops.end();
  }

  /** Rejects with SERVER_CLOSING (UNAVAILABLE) if the loops end before `listen` has finished. */
  async #unlessClosing<T>(listen: () => Promise<T>): Promise<T> {
    try {
      if (!this.#isClosing) return await listen();
    } catch (error) {
      if (!this.#isClosing) throw error;
    }
    throw errors.serverClosing();
  }

  #peer(loop: Loop, name: string): ObserverPeer {
    const peers = this.#peers.get(loop) ?? new Map<string, ObserverPeer>();
    this.#peers.set(loop, peers);
    let peer = peers.get(name);
    if (peer === undefined) {
      peer = {
        get hasEnded() {
          return loop.hasEnded;
        },
        ask: (message) => loop.channel.call("ask", { name, message }),
      };
      peers.set(name, peer);
    }
    return peer;
  }

  get #serving(): ThreadsHost {
    if (this.#host === undefined) throw errors.serverStarting();
    return this.#host;
  }

  /** Brings a replacement loop up to date with the others; it starts to serve last. */
  async #join(loop: Loop): Promise<void> {
    await this.#replication.join(loop);
    await this.#news?.tellAll(loop);
    if (this.#isLeaving) await loop.channel.call("leave", undefined);
    await this.#listeners.join(loop);
  }
}

import type { Clock, LabelState, Logger, ServableId, ServableState } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { Authorize } from "../calls/authorize.js";
import { makeCall } from "../calls/call.js";
import { LOCAL_API, LOCAL_ENTRYPOINT } from "../calls/local-calls.js";
import { errors } from "../errors.js";
import type { HttpOptions } from "../http/http-api.js";
import { type BoundRoute, RouteTable } from "../http/route-table.js";
import { LoopLimits } from "../limits/loop-limits.js";
import type { LimitSettings } from "../limits/server-limits.js";
import { InFlight } from "../listening/in-flight.js";
import { reportedStates } from "../models/reported-states.js";
import type { Acquire, AcquireDecorator } from "../plugins/acquire-decorator.js";
import type { Observer } from "../plugins/observer.js";
import type { GrpcService, Protocol } from "../plugins/protocol.js";
import type { CallContext, ServerCore } from "../plugins/server-core.js";
import type { Refusal } from "../refusal.js";
import { LoopObservers, type ObserverLinks } from "./loop-observers.js";
import { stateChanges } from "./state-changes.js";
import { Transports } from "./transports.js";

/** The models of one event loop: those of the manager in the main thread, a mirror of them in other loops. */
export interface LoopHost {
  readonly isMain: boolean;
  readonly acquire: Acquire;
  /** Contract: `AspiredVersionsManager.states`. */
  states(name?: string): readonly ServableState[];
  /** The states that status reports in addition to `states`: see `statesBesideLive`. */
  statesBeside(name: string): readonly ServableState[];
  /** Contract: `AspiredVersionsManager.labels`. */
  labels(name: string): ReadonlyMap<string, LabelState>;
  modelNames(): readonly string[];
  /** Contract: `ServerCore.modelUris`. */
  modelUris(): ReadonlyMap<string, string>;
  /** Returns whether the start-up policy has been met. */
  isStarted(): boolean;
  /** Returns whether the start-up policy still holds. */
  isServing(): boolean;
  onStateChange(listener: () => void): Disposable;
  readonly reload: ServerCore["reload"];
  /** Contract: `ModelServerOptions.authorize`. */
  readonly authorize: Authorize | undefined;
  /** Calls the observers of the main thread. Absent in the main thread. */
  readonly counts?: ServerCore["counts"];
  readonly links: ObserverLinks;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Options for an event loop. */
export interface LoopOptions {
  readonly rest: HttpOptions | undefined;
  readonly limits: LimitSettings;
  /** The slot of the loop in the shared counts. */
  readonly slot: number;
}

/** The plugins of one event loop. */
export interface LoopPlugins {
  readonly protocols: readonly Protocol[];
  readonly observers: readonly Observer[];
  readonly acquireDecorators: readonly AcquireDecorator[];
}

/** The plugins of a server's options. */
export type PluginOptions = { readonly [K in keyof LoopPlugins]?: LoopPlugins[K] | undefined };

/** Returns the plugins of a server's options. */
export const pluginsOf = ({
  protocols = [],
  observers = [],
  acquireDecorators = [],
}: PluginOptions): LoopPlugins => ({ protocols, observers, acquireDecorators });

/** The name of calls that their protocol has not declared: names from clients must not fill the memory. */
const OTHER = "(other)";

/** One event loop of a server: its protocols, models and observers. The main thread and every worker have one. */
export class EventLoop implements AsyncDisposable {
  readonly observers: LoopObservers;
  readonly transports: Transports;
  /** The server core without a protocol. */
  readonly core: ServerCore;
  /** The server core for calls within the process. */
  readonly localCore: ServerCore;
  readonly #host: LoopHost;
  readonly #protocols: readonly Protocol[];
  readonly #inFlight = new InFlight();
  readonly #acquire: Acquire;
  readonly #limits: LoopLimits;

  /** @throws ServingError INVALID_ARGUMENT / ROUTES_CLASH, PLUGIN_TWICE, ROUTE_UNFIT. */
  constructor(host: LoopHost, plugins: LoopPlugins, { rest, limits, slot }: LoopOptions) {
    this.#host = host;
    const { isMain, clock, logger, states, modelNames } = host;
    this.observers = new LoopObservers(
      plugins.observers,
      { isMain, clock, logger, states, modelNames, inspect: (id, read) => this.#inspect(id, read) },
      host.links,
    );
    const refused = (kind: Refusal) => this.observers.refused(kind);
    this.#limits = new LoopLimits(limits, slot, { clock, refused });
    this.#protocols = [...plugins.protocols, ...this.observers.protocols];
    checkNames(this.#protocols);
    const started: Acquire = (request) => {
      if (!host.isStarted()) throw errors.serverStarting();
      return host.acquire(request);
    };
    this.#acquire = plugins.acquireDecorators.reduce(
      (acquire, decorator) => decorator.decorate(acquire, { clock, logger, modelNames }),
      started,
    );
    this.core = this.#core("", []);
    this.localCore = this.#core(LOCAL_ENTRYPOINT, [LOCAL_API]);
    this.transports = new Transports({
      routes: new RouteTable(this.#protocols.flatMap((protocol) => this.#routes(protocol))),
      services: () => this.#services(),
      inFlight: this.#inFlight,
      core: this.core,
      rest,
      limits: this.#limits,
      authorize: host.authorize,
      clock,
      logger,
    });
  }

  /** Resolves when the observers have written their data. Call it after the last call has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#limits.answers[Symbol.dispose]();
    await this.observers[Symbol.asyncDispose]();
  }

  #routes(protocol: Protocol): BoundRoute[] {
    const { name, entrypoints, apis } = protocol;
    const core = this.#core(entrypoints?.http ?? `${name}/http`, apis);
    return (protocol.http?.(core) ?? []).map((route) => ({ route, protocol }));
  }

  async #services(): Promise<readonly GrpcService[]> {
    const owners = new Map<string, string>();
    const services: GrpcService[] = [];
    for (const protocol of this.#protocols) {
      const { name, entrypoints, apis } = protocol;
      const core = this.#core(entrypoints?.grpc ?? `${name}/grpc`, apis);
      for (const service of (await protocol.grpc?.(core)) ?? []) {
        const owner = owners.get(service.name);
        if (owner !== undefined) throw errors.servicesClash(service.name, owner, name);
        owners.set(service.name, name);
        services.push(service);
      }
    }
    return services;
  }

  /** Returns the server core for one protocol over one transport. */
  #core(entrypoint: string, apis: readonly string[]): ServerCore {
    const { clock, logger, labels, modelNames, modelUris } = this.#host;
    const { isStarted, onStateChange, reload } = this.#host;
    const { closing } = this.#inFlight;
    const known = new Set(apis);
    const calls = {
      acquire: this.#acquire,
      reacquire: this.#host.acquire,
      clock,
      observe: (name: string, model: string, context: CallContext) => {
        const api = known.has(name) ? name : OTHER;
        return this.observers.begin({ api, entrypoint, model, context });
      },
    };
    return {
      call: makeCall.bind(undefined, calls) as ServerCore["call"],
      describe: (request) => {
        using handle = this.#acquire(request);
        const { signatures, uncallable, state, batchable } = handle.servable;
        return { id: handle.id, signatures, uncallable, state, batchable };
      },
      versions: (name) =>
        name === undefined ? this.#host.states() : reportedStates(this.#host, name),
      isReady: () => isStarted() && this.#host.isServing() && !this.#inFlight.isLeaving,
      counts: this.#host.counts ?? ((names) => this.observers.counts(names)),
      ...{ labels, modelNames, modelUris, isStarted, onStateChange, reload, clock, logger },
      stateChanges: ({ signal }) =>
        stateChanges(onStateChange, [closing, ...(signal ? [signal] : [])]),
      closing,
    };
  }

  #inspect<T>(id: ServableId, read: (predictor: Predictor) => T): T | undefined {
    try {
      using handle = this.#host.acquire(id);
      return read(handle.servable);
    } catch {
      return undefined; // Unloaded in between.
    }
  }
}

function checkNames(protocols: readonly Protocol[]): void {
  const names = new Set<string>();
  for (const { name } of protocols) {
    if (names.has(name)) throw errors.pluginTwice("protocol", name);
    names.add(name);
  }
}

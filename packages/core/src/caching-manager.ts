import { type Observable, Subject } from "rxjs";
import { type Clock, systemClock } from "./clock.js";
import { errors } from "./errors.js";
import type { Loader } from "./loader.js";
import { type HarnessContext, LoaderHarness } from "./loader-harness.js";
import { RAM_BYTES, type Resources, ResourceTracker } from "./resources.js";
import { ServableHandle } from "./servable-handle.js";
import { formatServableId, type ServableId } from "./servable-id.js";
import type { ServableRequest } from "./servable-request.js";
import type { ManagerEvent, ServableState } from "./servable-state.js";
import { Slots, WaitQueue } from "./wait-queue.js";
import { type WaitOptions, waitUntil } from "./wait-until.js";

/** Where a CachingManager gets servables from, and how many it keeps. */
export interface CachingManagerOptions<S> {
  /**
   * Finds the version that a request means. Rejects, best with NOT_FOUND, when there is none.
   * Called at each `acquire`: it should be quick.
   */
  readonly resolve: (request: ServableRequest) => ServableId | Promise<ServableId>;
  /** Makes the loader of a version. Contract: `Loader`. */
  readonly loader: (id: ServableId) => Loader<S>;
  /** How many servables are kept. Default: no limit. */
  readonly maxServables?: number;
  /**
   * How many bytes of main memory the servables that are kept may need together, by the
   * `ramBytes` of their loaders' estimates. Default: no limit.
   */
  readonly maxRamBytes?: number;
  /** How many versions load at the same time. Default 2. */
  readonly loadConcurrency?: number;
  /** For how long in ms a failed load answers further requests with its error. Default 1,000. */
  readonly failureTtlMs?: number;
  /** Default `systemClock`. */
  readonly clock?: Clock;
}

/** The resource that stands for one place in the cache. */
const SERVABLES = "servables";

/**
 * The manager that loads a version when it is first asked for, and keeps what was used last.
 *
 * Guarantees:
 * - C1 Concurrent requests for a version share one load.
 * - C2 What is kept never exceeds `maxServables` and `maxRamBytes`, what is loading included.
 * - C3 To make room it unloads the version that was acquired longest ago, never one with a handle;
 *   when all have handles, a new version waits until one is released.
 * - C4 A version that failed to load is tried again by the next request after `failureTtlMs`.
 * - C5 `close` refuses new requests at once, waits for handles, then unloads all.
 */
export class CachingManager<S> implements AsyncDisposable {
  readonly #resolve: CachingManagerOptions<S>["resolve"];
  readonly #loader: CachingManagerOptions<S>["loader"];
  readonly #limits: Resources;
  readonly #failureTtlMs: number;
  readonly #clock: Clock;
  readonly #context: HarnessContext<S>;
  /** All lives that have not ended, and failed ones for a while; least recently acquired first. */
  readonly #lives = new Map<string, LoaderHarness<S>>();
  readonly #failures = new Map<LoaderHarness<S>, Disposable>();
  readonly #events = new Subject<ManagerEvent>();
  #closing: Promise<void> | undefined;

  constructor(options: CachingManagerOptions<S>) {
    const { maxServables, maxRamBytes, loadConcurrency = 2, failureTtlMs = 1_000 } = options;
    this.#resolve = options.resolve;
    this.#loader = options.loader;
    this.#failureTtlMs = failureTtlMs;
    this.#clock = options.clock ?? systemClock;
    this.#limits = {
      ...(maxServables !== undefined && { [SERVABLES]: maxServables }),
      ...(maxRamBytes !== undefined && { [RAM_BYTES]: maxRamBytes }),
    };
    this.#context = {
      clock: this.#clock,
      loadSlots: new Slots(loadConcurrency),
      unloadSlots: new Slots(Number.POSITIVE_INFINITY),
      resources: new ResourceTracker(this.#limits),
      resourceQueue: new WaitQueue(),
      maxLoadRetries: 0,
      loadRetryDelayMs: 0,
      shouldRetryLoad: () => false,
      beforeLoad: async (id, loader, signal) => loader.probe?.({ id, signal }),
      changed: (life) => this.#changed(life),
      idle: () => this.#makeRoom(),
    };
  }

  /** What happens, told as it happens. Completes when the manager has closed. */
  get events(): Observable<ManagerEvent> {
    return this.#events.asObservable();
  }

  /** The states of all versions that are loaded, loading or leaving, or failed a moment ago. */
  states(): ServableState[] {
    return [...this.#lives.values()].map((life) => life.state);
  }

  /**
   * Takes a hold on the version that the request means, after loading it if it is not there.
   *
   * A caller that gives up (signal, timeout) does not stop the load.
   *
   * @throws what `resolve` throws; the error of the load; RESOURCE_EXHAUSTED / NEVER_FITS when the
   * version alone exceeds a limit; WAIT_TIMED_OUT; MANAGER_CLOSED.
   */
  async acquire(request: ServableRequest, options: WaitOptions = {}): Promise<ServableHandle<S>> {
    const id = await this.#resolve(request);
    const key = formatServableId(id);
    return waitUntil(
      {
        what: key,
        look: () => this.#look(key, id),
        onChange: (again) => {
          const subscription = this.#events.subscribe({ next: again, complete: again });
          return { [Symbol.dispose]: () => subscription.unsubscribe() };
        },
        describe: () => this.#describe(key),
      },
      options,
      this.#clock,
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A handle if the version is there; otherwise sees to it that it is being loaded. */
  #look(key: string, id: ServableId): ServableHandle<S> | undefined {
    if (this.#closing !== undefined) throw errors.managerClosed();
    const life = this.#lives.get(key);
    if (life === undefined) {
      this.#begin(key, id);
      return undefined;
    }
    if (life.phase === "failed") throw life.error;
    if (life.phase !== "ready") return undefined;
    this.#lives.delete(key);
    this.#lives.set(key, life);
    return new ServableHandle(life);
  }

  #begin(key: string, id: ServableId): void {
    const life = new LoaderHarness(this.#context, id, this.#withPlace(id, this.#loader(id)));
    this.#lives.set(key, life);
    life.load();
  }

  /** The loader with one place in the cache added to its estimate, refused if it can never fit. */
  #withPlace(id: ServableId, loader: Loader<S>): Loader<S> {
    return {
      estimateResources: async () => {
        const estimate: Resources = { ...(await loader.estimateResources?.()), [SERVABLES]: 1 };
        for (const [name, limit] of Object.entries(this.#limits)) {
          const amount = estimate[name] ?? 0;
          if (amount > limit) throw errors.neverFits(id, `${name} ${amount}`, `${name} ${limit}`);
        }
        return estimate;
      },
      ...(loader.probe && { probe: async (context) => loader.probe?.(context) }),
      load: (context) => loader.load(context),
    };
  }

  #changed(life: LoaderHarness<S>): void {
    const key = formatServableId(life.id);
    if (life.phase === "ended") this.#lives.delete(key);
    if (life.phase === "failed") {
      const forget = () => {
        this.#lives.delete(key);
        this.#failures.delete(life);
      };
      this.#failures.set(life, this.#clock.setTimeout(forget, this.#failureTtlMs));
    }
    this.#events.next({ kind: "state", ...life.state });
    this.#makeRoom();
  }

  /** Unloads the least recently acquired idle version if a load waits and none is leaving. */
  #makeRoom(): void {
    if (this.#context.resourceQueue.size === 0) return;
    let oldest: LoaderHarness<S> | undefined;
    for (const life of this.#lives.values()) {
      if (life.phase === "leaving") return;
      if (life.phase === "ready" && life.handleCount === 0) oldest ??= life;
    }
    oldest?.unload();
  }

  #describe(key: string): string {
    const state = this.#lives.get(key)?.state;
    return state ? `it is at ${state.state}, waiting for ${state.waitingFor ?? "its loader"}` : "";
  }

  async #close(): Promise<void> {
    await Promise.resolve();
    for (const timer of this.#failures.values()) timer[Symbol.dispose]();
    for (const [key, life] of [...this.#lives]) {
      if (life.phase === "failed") this.#lives.delete(key);
      else if (life.phase === "ready") life.unload();
      else life.cancel();
    }
    while (this.#lives.size > 0) await this.#nextEvent();
    this.#events.complete();
  }

  #nextEvent(): Promise<void> {
    return new Promise((resolve) => {
      const subscription = this.#events.subscribe(() => {
        subscription.unsubscribe();
        resolve();
      });
    });
  }
}

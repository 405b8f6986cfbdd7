import type { Observable } from "rxjs";
import { onAbort } from "./abort-watch.js";
import { aspire } from "./aspired-versions.js";
import { ChangeListeners } from "./change-listeners.js";
import { checkAtLeast } from "./check-at-least.js";
import { type Clock, systemClock } from "./clock.js";
import { errors } from "./errors.js";
import type { HarnessContext } from "./harness-context.js";
import type { Loader } from "./loader.js";
import { type HarnessOwner, LoaderHarness } from "./loader-harness.js";
import { type Logger, silentLogger } from "./logger.js";
import { ManagerEvents } from "./manager-events.js";
import { RAM_BYTES, ResourceTracker } from "./resources.js";
import { Semaphore } from "./semaphore.js";
import { ServableHandle } from "./servable-handle.js";
import { formatServableId, type ServableId } from "./servable-id.js";
import type { ServableRequest } from "./servable-request.js";
import type { ManagerEvent, ServableState } from "./servable-state.js";
import { WaitQueue } from "./wait-queue.js";
import { type WaitOptions, waitUntil } from "./wait-until.js";

/** Options for a CachingManager: where servables come from, and how many are kept. */
export interface CachingManagerOptions<S> {
  /**
   * Resolves a request to a version. Rejects, preferably with NOT_FOUND, if there is none. Called at each `acquire`,
   * so it should be fast. The caller's timeout and signal apply from its end.
   */
  readonly resolve: (request: ServableRequest) => ServableId | Promise<ServableId>;
  /** Makes the loader of a version. Contract: `Loader`. */
  readonly loader: (id: ServableId) => Loader<S>;
  /** Maximum number of servables that are kept. Default: no limit. */
  readonly maxServables?: number | undefined;
  /**
   * Maximum bytes of main memory of all kept servables, by the `ramBytes` of their loaders' estimates. Default: no
   * limit.
   */
  readonly maxRamBytes?: number | undefined;
  /** Maximum number of concurrent loads. Default 2. */
  readonly loadConcurrency?: number | undefined;
  /** Time in ms for which requests after a failed load receive its error. Default 1,000. */
  readonly failureTtlMs?: number | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Passed to the loaders. Default none. */
  readonly logger?: Logger | undefined;
}

/** The resource that represents one place in the cache. */
const SERVABLES = "servables";

/**
 * A manager that loads a version when it is first requested, and keeps the most recently used versions.
 *
 * Guarantees:
 * - C1 Concurrent requests for a version share one load.
 * - C2 Kept and loading versions together never exceed `maxServables` and `maxRamBytes`.
 * - C3 To make room, it unloads the least recently acquired version without a handle. If all versions have handles, a
 *   new version waits until one is released.
 * - C4 A version that failed to load is loaded again by the next request after `failureTtlMs`.
 * - C5 `close` immediately rejects new and waiting requests, waits for handles, then unloads all versions. Later
 *   calls return the same promise.
 */
export class CachingManager<S> implements AsyncDisposable {
  readonly #resolve: CachingManagerOptions<S>["resolve"];
  readonly #loader: CachingManagerOptions<S>["loader"];
  readonly #failureTtlMs: number;
  readonly #clock: Clock;
  readonly #context: HarnessContext<S>;
  readonly #owner: HarnessOwner<S>;
  /** All load cycles that have not ended, and for a while those that failed; least recently acquired first. */
  readonly #lives = new Map<string, LoaderHarness<S>>();
  readonly #waiting = new ChangeListeners();
  readonly #events = new ManagerEvents();
  #whenEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Throws RangeError if a number among the options is out of range. */
  constructor(options: CachingManagerOptions<S>) {
    const { maxServables, maxRamBytes, loadConcurrency = 2, failureTtlMs = 1_000 } = options;
    checkAtLeast(1, { loadConcurrency, ...(maxServables !== undefined && { maxServables }) });
    checkAtLeast(0, { failureTtlMs });
    this.#resolve = options.resolve;
    this.#loader = options.loader;
    this.#failureTtlMs = failureTtlMs;
    this.#clock = options.clock ?? systemClock;
    this.#owner = { changed: (life) => this.#changed(life), idle: () => this.#makeRoom() };
    this.#context = {
      clock: this.#clock,
      logger: options.logger ?? silentLogger,
      loadSlots: new Semaphore(loadConcurrency),
      unloadSlots: new Semaphore(Number.POSITIVE_INFINITY),
      resources: new ResourceTracker({
        ...(maxServables !== undefined && { [SERVABLES]: maxServables }),
        ...(maxRamBytes !== undefined && { [RAM_BYTES]: maxRamBytes }),
      }),
      resourceQueue: new WaitQueue(),
      ...{ loadTimeoutMs: 600_000, unloadTimeoutMs: 60_000, hanging: new Map() },
      maxLoadRetries: 0,
      loadRetryDelayMs: 0,
      shouldRetryLoad: () => false,
      estimate: async (loader) => ({ ...(await loader.estimateResources?.()), [SERVABLES]: 1 }),
      beforeLoad: async (loader, context) => loader.probe?.(context),
    };
  }

  /** Emits events synchronously as they happen. Completes when the manager has closed. */
  get events(): Observable<ManagerEvent> {
    return this.#events.observable;
  }

  /** Returns the states of all versions that are loaded, loading or unloading, or failed recently. */
  states(): ServableState[] {
    return [...this.#lives.values()].map((life) => life.state);
  }

  /**
   * Returns a handle to the requested version; loads it first if necessary.
   *
   * If a caller stops waiting (signal, timeout), the load continues.
   *
   * @throws the error of `resolve`; the error of the load; RESOURCE_EXHAUSTED / NEVER_FITS if the version alone
   * exceeds a limit; WAIT_TIMED_OUT; MANAGER_CLOSED.
   */
  async acquire(request: ServableRequest, options: WaitOptions = {}): Promise<ServableHandle<S>> {
    if (this.#closing !== undefined) throw errors.managerClosed();
    const id = await this.#resolve(request);
    const key = formatServableId(id);
    return waitUntil(
      {
        what: key,
        look: () => this.#look(key, id),
        onChange: (again) => this.#waiting.add(key, again),
        describe: () => this.#describe(key),
      },
      options,
      this.#clock,
    );
  }

  /**
   * Rejects new and waiting requests, waits for handles and unloads all versions (C5). If the signal aborts, unloads
   * immediately without waiting for handles.
   *
   * @throws ServingError CLOSE_FAILED (INTERNAL) if a version could not be unloaded.
   */
  close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#closing ??= this.#close();
    const abandon = () => {
      for (const life of this.#lives.values()) life.abandonHandles();
    };
    onAbort(options.signal, abandon, this.#closing);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Returns a handle if the version is loaded; otherwise starts the load if none is in progress. */
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
    const life = new LoaderHarness(this.#context, this.#owner, aspire(id, this.#loader(id)));
    this.#lives.set(key, life);
    life.load();
  }

  #changed(life: LoaderHarness<S>): void {
    const key = formatServableId(life.id);
    if (life.phase === "failed") this.#forgetLater(key, life);
    if (life.phase === "ended") this.#forget(key);
    // Waiting callers acquire first, so that an observer cannot unload the version before they do.
    this.#waiting.tell(key);
    this.#events.tell({ kind: "state", ...life.state });
    this.#makeRoom();
  }

  #forgetLater(key: string, life: LoaderHarness<S>): void {
    const delayMs = this.#failureTtlMs;
    const timer = this.#clock.setTimeout(() => this.#forget(key), delayMs);
    life.setNextLife(timer, this.#clock.now() + delayMs);
  }

  #forget(key: string): void {
    this.#lives.delete(key);
    if (this.#lives.size === 0) this.#whenEmpty?.();
  }

  /** Unloads the least recently acquired idle version if a load waits and no version is being unloaded. */
  #makeRoom(): void {
    if (this.#context.resourceQueue.size === 0 || this.#events.isTelling) return;
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
    // The code below runs after #closing is set, so nothing starts meanwhile.
    await Promise.resolve();
    this.#waiting.tellAll();
    const failures = this.#events.collectUnloadFailures();
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const [key, life] of [...this.#lives]) {
      if (life.phase === "failed") {
        life.cancelNextLife();
        this.#forget(key);
      } else if (life.phase === "ready") life.unload();
      else life.cancel();
    }
    if (this.#lives.size > 0) await empty;
    this.#events.complete();
    if (failures.length > 0) throw errors.closeFailed(failures);
  }
}

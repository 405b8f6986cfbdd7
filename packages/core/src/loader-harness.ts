import { orAborted } from "./abort.js";
import type { VersionSnapshot } from "./aspired-version-policy.js";
import type { AspiredVersion } from "./aspired-versions.js";
import type { Clock } from "./clock.js";
import { errors, type ServingError } from "./errors.js";
import { type Loader, unload } from "./loader.js";
import { formatResources, type Resources, type ResourceTracker } from "./resources.js";
import type { Counted } from "./servable-handle.js";
import type { ServableId } from "./servable-id.js";
import type { ServableState, ServableStateName, WaitingFor } from "./servable-state.js";
import type { Slots, WaitQueue } from "./wait-queue.js";

/** What a harness shares with the other harnesses of its manager. Internal. */
export interface HarnessContext<S> {
  readonly clock: Clock;
  readonly loadSlots: Slots;
  readonly unloadSlots: Slots;
  readonly resources: ResourceTracker;
  readonly resourceQueue: WaitQueue;
  readonly maxLoadRetries: number;
  readonly loadRetryDelayMs: number;
  readonly shouldRetryLoad: (error: ServingError, id: ServableId) => boolean;
  /** What to reserve for a version before it is loaded. May be abandoned when the version is. */
  readonly estimate: (loader: Loader<S>) => Promise<Resources> | undefined;
  /** Runs before the first attempt, in the load slot; a rejection fails the version. */
  readonly beforeLoad: (id: ServableId, loader: Loader<S>, signal: AbortSignal) => Promise<void>;
}

/** Who commands a harness. Internal. */
export interface HarnessOwner<S> {
  /** Called after every change of state, before anything else happens. Must not throw. */
  changed(harness: LoaderHarness<S>): void;
  /** Called when the last handle of the servable is released. */
  idle?(harness: LoaderHarness<S>): void;
}

type Phase = VersionSnapshot["state"] | "ended";

/**
 * One life of one version: the state machine around its loader. Internal.
 *
 * ```
 *  phase:  new ──load()──▶ loading ──▶ ready ──unload()──▶ leaving ──▶ ended
 *           │                │  │                             ▲
 *           │                │  └──────────cancel()───────────┘
 *           └──cancel()──▶ ended ◀── failed: `error` is set
 * ```
 *
 * The manager commands (`load`, `unload`, `cancel`), the harness does the waiting, retries and counts
 * and tells its owner each change. A version that begins a new life gets a new harness.
 */
export class LoaderHarness<S> implements Counted<S> {
  // What acquire and release touch stands first, so that it lies together in memory.
  /** How many handles are held. Kept by the handles. */
  handleCount = 0;
  onIdle: (() => void) | undefined;
  /** The loaded servable. Only read while `ready`, or while a handle is held. */
  servable = undefined as S;
  readonly id: ServableId;

  /** Whether the latest list of aspired versions has this version. Kept by the owner. */
  isAspired = true;
  /** How many lives before this one failed in a row. */
  readonly failedLives: number;

  readonly #context: HarnessContext<S>;
  readonly #owner: HarnessOwner<S>;
  readonly #loader: Loader<S> | undefined;
  readonly #abort = new AbortController();
  #phase: Phase = "new";
  #reserved: Resources | undefined;
  #abandon: (() => void) | undefined;
  #nextLife: Disposable | undefined;

  #state: ServableStateName = "start";
  #error: ServingError | undefined;
  #attempts = 0;
  #waitingFor: WaitingFor | undefined;
  #nextAttemptAtMs: number | undefined;
  #atMs: number;

  /** Begins the life of a version. One that has an error in place of a loader begins as failed. */
  constructor(
    context: HarnessContext<S>,
    owner: HarnessOwner<S>,
    version: AspiredVersion<Loader<S>>,
    failedLives = 0,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.onIdle = owner.idle && (() => owner.idle?.(this));
    this.id = version.id;
    this.failedLives = failedLives;
    this.#atMs = context.clock.now();
    if ("error" in version) {
      this.#phase = "failed";
      this.#state = "end";
      this.#error = version.error;
    } else {
      this.#loader = version.data;
    }
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Whether this life began with an error in place of a loader. */
  get isErrorVersion(): boolean {
    return this.#loader === undefined;
  }

  get error(): ServingError | undefined {
    return this.#error;
  }

  /** The state as observers are told it. */
  get state(): ServableState {
    const state: { -readonly [K in keyof ServableState]: ServableState[K] } = {
      id: this.id,
      state: this.#state,
      attempts: this.#attempts,
      atMs: this.#atMs,
    };
    if (this.#error) state.error = this.#error;
    if (this.#waitingFor) state.waitingFor = this.#waitingFor;
    if (this.#nextAttemptAtMs !== undefined) state.nextAttemptAtMs = this.#nextAttemptAtMs;
    return state;
  }

  /** Begins to load. Only in phase `new`. */
  load(): void {
    this.#phase = "loading";
    void this.#load();
  }

  /** Begins to unload. Only in phase `ready`. */
  unload(): void {
    this.#phase = "leaving";
    void this.#unload();
  }

  /** Gives up a version that is not ready: what has not begun ends now, a load is aborted. */
  cancel(): void {
    if (this.#phase === "new") this.#end();
    else if (this.#phase === "loading") {
      this.#phase = "leaving";
      this.#abort.abort(errors.noLongerAspired(this.id));
    }
  }

  /** Notes the timer of the life that follows this one, and when it is due. */
  setNextLife(timer: Disposable, atMs: number): void {
    this.#nextLife = timer;
    this.#nextAttemptAtMs = atMs;
  }

  /** Gives up the life that would follow this one. */
  cancelNextLife(): void {
    this.#nextLife?.[Symbol.dispose]();
  }

  /** Stops waiting for handles: they keep the servable, which may refuse to work. */
  abandonHandles(): void {
    this.#abandon?.();
  }

  async #load(): Promise<void> {
    const { signal } = this.#abort;
    let error: ServingError | undefined;
    try {
      await this.#reserve(signal);
      const servable = await this.#attempt(signal);
      await this.#lowerReservation(signal);
      if (!signal.aborted) return this.#becomeReady(servable);
      error = await this.#dispose(servable);
    } catch (cause) {
      if (!signal.aborted) error = errors.loadFailed(this.id, cause);
    }
    this.#release();
    this.#end(error);
  }

  #becomeReady(servable: S): void {
    this.servable = servable;
    this.#phase = "ready";
    this.#error = undefined;
    this.#to("available");
  }

  async #reserve(signal: AbortSignal): Promise<void> {
    const { resources, resourceQueue } = this.#context;
    const estimating = this.#context.estimate(this.#loader as Loader<S>);
    if (estimating === undefined) return;
    const estimate = { ...(await orAborted(estimating, signal)) };
    if (!resources.canEverReserve(estimate)) {
      throw errors.neverFits(this.id, formatResources(estimate), formatResources(resources.limits));
    }
    if (!resources.reserve(estimate)) {
      this.#error = errors.insufficientResources(
        this.id,
        formatResources(estimate),
        formatResources(resources.reserved),
        formatResources(resources.limits),
      );
      const room = resourceQueue.wait(() => resources.reserve(estimate), signal);
      await this.#wait("resources", room);
      this.#error = undefined;
    }
    this.#reserved = estimate;
  }

  /** A loader may know after loading that it needs less than it estimated; never more. */
  async #lowerReservation(signal: AbortSignal): Promise<void> {
    const before = this.#reserved;
    if (before === undefined) return;
    const { resources, resourceQueue, estimate } = this.#context;
    try {
      const estimating = estimate(this.#loader as Loader<S>);
      if (estimating === undefined) return;
      const after = { ...(await orAborted(estimating, signal)) };
      if (!resources.lower(before, after)) return;
      this.#reserved = after;
      resourceQueue.wakeAll();
    } catch {
      // The servable is loaded all the same, and what was reserved for it is enough.
    }
  }

  async #attempt(signal: AbortSignal): Promise<S> {
    const { loadSlots, maxLoadRetries, shouldRetryLoad, loadRetryDelayMs, clock } = this.#context;
    const { id } = this;
    const loader = this.#loader as Loader<S>;
    for (;;) {
      if (!loadSlots.tryTake()) await this.#wait("load-slot", loadSlots.wait(signal));
      try {
        signal.throwIfAborted();
        if (this.#attempts === 0) await this.#context.beforeLoad(id, loader, signal);
        signal.throwIfAborted();
        this.#attempts++;
        this.#to("loading");
        signal.throwIfAborted();
        return await loader.load({ id, signal });
      } catch (cause) {
        signal.throwIfAborted();
        if (this.#attempts === 0 || this.#attempts > maxLoadRetries) throw cause;
        const error = errors.loadFailed(id, cause);
        if (!shouldRetryLoad(error, id)) throw error;
        this.#error = error;
      } finally {
        loadSlots.give();
      }
      this.#nextAttemptAtMs = clock.now() + loadRetryDelayMs;
      await this.#wait("retry", delay(clock, loadRetryDelayMs, signal));
      this.#nextAttemptAtMs = undefined;
    }
  }

  async #unload(): Promise<void> {
    this.#to("unloading");
    if (this.handleCount > 0) {
      const idle = new Promise<void>((resolve) => {
        this.onIdle = resolve;
        this.#abandon = resolve;
      });
      await this.#wait("handles", idle);
    }
    const { unloadSlots } = this.#context;
    if (!unloadSlots.tryTake()) await this.#wait("unload-slot", unloadSlots.wait());
    const failure = await this.#dispose(this.servable);
    unloadSlots.give();
    this.onIdle = () => {
      this.servable = undefined as S;
    };
    if (this.handleCount === 0) this.onIdle();
    this.#release();
    this.#end(failure);
  }

  async #dispose(servable: S): Promise<ServingError | undefined> {
    try {
      await unload(servable);
      return undefined;
    } catch (cause) {
      return errors.unloadFailed(this.id, cause);
    }
  }

  /** Ends this life; with an error while loading it is `failed` and may be followed by another. */
  #end(error?: ServingError): void {
    this.#phase = error !== undefined && this.#phase === "loading" ? "failed" : "ended";
    this.#error = error;
    this.#to("end");
  }

  #to(state: ServableStateName): void {
    this.#state = state;
    this.#atMs = this.#context.clock.now();
    this.#waitingFor = undefined;
    this.#nextAttemptAtMs = undefined;
    this.#owner.changed(this);
  }

  async #wait(waitingFor: WaitingFor, until: Promise<void>): Promise<void> {
    this.#waitingFor = waitingFor;
    this.#owner.changed(this);
    await until;
    this.#waitingFor = undefined;
  }

  #release(): void {
    if (this.#reserved === undefined) return;
    this.#context.resources.release(this.#reserved);
    this.#reserved = undefined;
    this.#context.resourceQueue.wakeAll();
  }
}

/** Waits on the clock. Rejects with the signal's reason. */
function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = clock.setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, delayMs);
    const stop = () => {
      timer[Symbol.dispose]();
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

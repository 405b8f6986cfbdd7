import type { VersionSnapshot } from "./aspired-version-policy.js";
import type { Clock } from "./clock.js";
import { errors, type ServingError } from "./errors.js";
import { type Loader, unload } from "./loader.js";
import type { Resources, ResourceTracker } from "./resources.js";
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
  /** Runs before the first attempt, in the load slot; a rejection fails the version for good. */
  readonly beforeLoad: (id: ServableId, loader: Loader<S>, signal: AbortSignal) => Promise<void>;
  /** Called after every change of state. Must not throw. */
  readonly changed: (harness: LoaderHarness<S>) => void;
  /** Called when the last handle of a servable is released. */
  readonly idle?: (harness: LoaderHarness<S>) => void;
}

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
 * and tells each change through `changed`. A version that begins a new life gets a new harness.
 */
export class LoaderHarness<S> implements Counted<S> {
  readonly id: ServableId;
  /** Whether the latest list of aspired versions has this version. Kept by the manager. */
  isAspired = true;
  /** How many lives before this one failed in a row. */
  readonly failedLives: number;
  handleCount = 0;

  readonly #context: HarnessContext<S>;
  readonly #loader: Loader<S> | undefined;
  readonly #abort = new AbortController();
  #phase: VersionSnapshot["state"] | "ended" = "new";
  #servable: S | undefined;
  #reserved: Resources | undefined;
  #idle: (() => void) | undefined;

  #state: ServableStateName = "start";
  #error: ServingError | undefined;
  #attempts = 0;
  #waitingFor: WaitingFor | undefined;
  #nextAttemptAtMs: number | undefined;
  #atMs: number;

  /** Begins a life with a loader; with an error instead, the life begins and ends as failed. */
  constructor(
    context: HarnessContext<S>,
    id: ServableId,
    origin: Loader<S> | { readonly error: ServingError },
    failedLives = 0,
  ) {
    this.#context = context;
    this.id = id;
    this.failedLives = failedLives;
    this.#atMs = context.clock.now();
    if ("error" in origin) {
      this.#phase = "failed";
      this.#state = "end";
      this.#error = origin.error;
    } else {
      this.#loader = origin;
    }
  }

  get phase(): VersionSnapshot["state"] | "ended" {
    return this.#phase;
  }

  /** Whether this life began with an error in place of a loader. */
  get isErrorVersion(): boolean {
    return this.#loader === undefined;
  }

  /** The loaded servable. Only read while `ready`, or while a handle is held. */
  get servable(): S {
    return this.#servable as S;
  }

  get error(): ServingError | undefined {
    return this.#error;
  }

  /** The state as observers are told it. */
  get state(): ServableState {
    return {
      id: this.id,
      state: this.#state,
      attempts: this.#attempts,
      atMs: this.#atMs,
      ...(this.#error && { error: this.#error }),
      ...(this.#waitingFor && { waitingFor: this.#waitingFor }),
      ...(this.#nextAttemptAtMs !== undefined && { nextAttemptAtMs: this.#nextAttemptAtMs }),
    };
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

  /** Tells when the next life of a failed version begins. */
  announceNextLife(atMs: number): void {
    this.#nextAttemptAtMs = atMs;
    this.#context.changed(this);
  }

  /** Stops waiting for handles: they keep working only as long as the servable allows it. */
  abandonHandles(): void {
    this.#idle?.();
  }

  onIdle(): void {
    this.#idle?.();
    this.#context.idle?.(this);
  }

  async #load(): Promise<void> {
    const { signal } = this.#abort;
    try {
      await this.#reserve(signal);
      const servable = await this.#attempt(signal);
      if (signal.aborted) {
        await unload(servable);
        throw signal.reason;
      }
      this.#servable = servable;
      this.#phase = "ready";
      this.#error = undefined;
      this.#to("available");
    } catch (cause) {
      this.#release();
      if (signal.aborted) this.#end();
      else this.#end(errors.loadFailed(this.id, cause));
    }
  }

  async #reserve(signal: AbortSignal): Promise<void> {
    const estimate = await this.#loader?.estimateResources?.();
    signal.throwIfAborted();
    if (estimate === undefined) return;
    const { resources, resourceQueue } = this.#context;
    const tryReserve = () => resources.reserve(estimate);
    if (!tryReserve()) {
      this.#error = errors.insufficientResources(
        this.id,
        format(estimate),
        `${format(resources.reserved) || "nothing"} is reserved of ${format(resources.limits)}`,
      );
      const room = resourceQueue.wait(tryReserve, signal);
      this.#wait("resources");
      await room;
      this.#error = undefined;
    }
    this.#reserved = estimate;
  }

  async #attempt(signal: AbortSignal): Promise<S> {
    const { loadSlots, maxLoadRetries, shouldRetryLoad, loadRetryDelayMs, clock } = this.#context;
    const { id } = this;
    const loader = this.#loader as Loader<S>;
    for (;;) {
      if (!loadSlots.tryTake()) {
        const slot = loadSlots.wait(signal);
        this.#wait("load-slot");
        await slot;
      }
      try {
        if (this.#attempts === 0) await this.#context.beforeLoad(id, loader, signal);
        signal.throwIfAborted();
        this.#attempts++;
        this.#to("loading");
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
      this.#wait("retry");
      await delay(clock, loadRetryDelayMs, signal);
      this.#nextAttemptAtMs = undefined;
    }
  }

  async #unload(): Promise<void> {
    this.#to("unloading", this.handleCount > 0 ? "handles" : undefined);
    if (this.handleCount > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    const { unloadSlots } = this.#context;
    if (!unloadSlots.tryTake()) {
      const slot = unloadSlots.wait();
      this.#wait("unload-slot");
      await slot;
    }
    let failure: ServingError | undefined;
    try {
      await unload(this.#servable);
    } catch (cause) {
      failure = errors.unloadFailed(this.id, cause);
    } finally {
      unloadSlots.give();
    }
    this.#servable = undefined;
    this.#release();
    this.#end(failure);
  }

  /** Ends this life; with an error while loading it is `failed` and may be followed by another. */
  #end(error?: ServingError): void {
    this.#phase = error !== undefined && this.#phase === "loading" ? "failed" : "ended";
    this.#error = error;
    this.#to("end");
  }

  #to(state: ServableStateName, waitingFor?: WaitingFor): void {
    this.#state = state;
    this.#atMs = this.#context.clock.now();
    this.#waitingFor = waitingFor;
    this.#nextAttemptAtMs = undefined;
    this.#context.changed(this);
  }

  #wait(waitingFor: WaitingFor): void {
    this.#waitingFor = waitingFor;
    this.#context.changed(this);
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

function format(amounts: Resources): string {
  return Object.entries(amounts)
    .map(([name, amount]) => `${name} ${amount}`)
    .join(", ");
}

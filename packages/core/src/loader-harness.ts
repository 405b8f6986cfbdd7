import type { VersionSnapshot } from "./aspired-version-policy.js";
import { type AspiredVersion, onChange } from "./aspired-versions.js";
import { delay } from "./delay.js";
import { errors, type ServingError } from "./errors.js";
import type { HarnessContext } from "./harness-context.js";
import { type LoadContext, type Loader, unload } from "./loader.js";
import { Reservation } from "./reservation.js";
import type { Counted } from "./servable-handle.js";
import { formatServableId, type ServableId } from "./servable-id.js";
import type { ServableState, ServableStateName, WaitingFor } from "./servable-state.js";
import { endsWithin, timedLoad } from "./timed-load.js";

/** The owner of a harness. Internal. */
export interface HarnessOwner<S> {
  /** Called after every change of state, before anything else happens. Must not throw. */
  changed(harness: LoaderHarness<S>): void;
  /** Called when the last handle of the servable is released. */
  idle?(harness: LoaderHarness<S>): void;
}

type Phase = VersionSnapshot["state"] | "ended";

/**
 * One load cycle of one version: the state machine around its loader. Internal.
 *
 * ```
 *  phase:  new ──load()──▶ loading ──▶ ready ──unload()──▶ leaving ──▶ ended
 *           │                │  │                             ▲
 *           │                │  └──────────cancel()───────────┘
 *           └──cancel()──▶ ended ◀── failed: `error` is set
 * ```
 *
 * The manager calls `load`, `unload` and `cancel`. The harness waits, retries, counts, and notifies its owner of each
 * change. Each load cycle of a version has its own harness.
 */
export class LoaderHarness<S> implements Counted<S> {
  // Fields that acquire and release use come first, so that they are adjacent in memory.
  /** Number of handles that are held. Updated by the handles. */
  handleCount = 0;
  onIdle: (() => void) | undefined;
  /** The loaded servable. Read only while `ready`, or while a handle is held. */
  servable = undefined as S;
  readonly id: ServableId;

  /** True if the latest list of aspired versions has this version. Updated by the owner. */
  isAspired = true;
  /** Number of consecutive failed load cycles before this one. */
  readonly failedLives: number;

  readonly #context: HarnessContext<S>;
  readonly #owner: HarnessOwner<S>;
  readonly #version: AspiredVersion<Loader<S>>;
  readonly #loader: Loader<S> | undefined;
  readonly #reservation: Reservation<S>;
  readonly #abort = new AbortController();
  #phase: Phase = "new";
  #abandon: (() => void) | undefined;
  #nextLife: Disposable | undefined;
  /** A disposal that has timed out but still runs. */
  #disposing: Promise<void> | undefined;

  #state: ServableStateName = "start";
  #error: ServingError | undefined;
  #attempts = 0;
  #waitingFor: WaitingFor | undefined;
  #nextAttemptAtMs: number | undefined;
  #atMs: number;

  /** Starts a load cycle of a version. A version with an error instead of a loader starts as failed. */
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
    this.#version = version;
    this.failedLives = failedLives;
    this.#reservation = new Reservation(context, version.id);
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

  /** True if this load cycle started with an error instead of a loader. */
  get isErrorVersion(): boolean {
    return this.#loader === undefined;
  }

  get error(): ServingError | undefined {
    return this.#error;
  }

  /** The state as observers receive it. */
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

  /** Starts the load. Only in phase `new`. */
  load(): void {
    this.#phase = "loading";
    void this.#load();
  }

  /** Starts the unload. Only in phase `ready`. */
  unload(): void {
    this.#phase = "leaving";
    void this.#unload();
  }

  /** Cancels a version that is not ready: ends it if its load has not started, else aborts the load. */
  cancel(): void {
    if (this.#phase === "new") this.#end();
    else if (this.#phase === "loading") {
      this.#phase = "leaving";
      this.#abort.abort(errors.noLongerAspired(this.id));
    }
  }

  /** Stores the timer of the next load cycle, and its due time. */
  setNextLife(timer: Disposable, atMs: number): void {
    this.#nextLife = timer;
    this.#nextAttemptAtMs = atMs;
  }

  /** Cancels the next load cycle. */
  cancelNextLife(): void {
    this.#nextLife?.[Symbol.dispose]();
  }

  /** Stops waiting for handles. They keep the servable, which may reject calls. */
  abandonHandles(): void {
    this.#abandon?.();
  }

  async #load(): Promise<void> {
    const loader = this.#loader as Loader<S>;
    const reservation = this.#reservation;
    const { signal } = this.#abort;
    let error: ServingError | undefined;
    try {
      await reservation.take(loader, signal, (because, room) => this.#waitForRoom(because, room));
      const servable = await this.#attempt(loader, signal);
      await reservation.lower(loader, signal);
      if (!signal.aborted) return this.#becomeReady(servable);
      error = await this.#dispose(servable);
    } catch (cause) {
      if (!signal.aborted) error = errors.loadFailed(this.id, cause);
    }
    this.#releaseAfter(this.#context.hanging.get(formatServableId(this.id)));
    this.#end(error);
  }

  /** Releases the reservation when the timed-out load has ended. */
  #releaseAfter(hanging: Promise<unknown> | undefined): void {
    if (hanging === undefined) this.#reservation.release();
    else void hanging.then(() => this.#reservation.release());
  }

  #becomeReady(servable: S): void {
    this.servable = servable;
    this.#phase = "ready";
    this.#error = undefined;
    this.#to("available");
  }

  async #waitForRoom(because: ServingError, room: Promise<void>): Promise<void> {
    this.#error = because;
    await this.#wait("resources", room);
    this.#error = undefined;
  }

  async #attempt(loader: Loader<S>, signal: AbortSignal): Promise<S> {
    const { loadSlots, maxLoadRetries, shouldRetryLoad, loadRetryDelayMs } = this.#context;
    const { clock, logger, hanging, loadTimeoutMs: timeoutMs } = this.#context;
    const { id } = this;
    const context = { id, signal, clock, logger };
    const run = this.#loadOnce.bind(this, loader);
    for (;;) {
      const loadSlot = loadSlots.acquire(signal);
      if (loadSlot !== undefined) await this.#wait("load-slot", loadSlot);
      try {
        signal.throwIfAborted();
        return await timedLoad(run, context, { timeoutMs, hanging });
      } catch (cause) {
        signal.throwIfAborted();
        if (
          hanging.has(formatServableId(id)) ||
          this.#attempts === 0 ||
          this.#attempts > maxLoadRetries
        )
          throw cause;
        const error = errors.loadFailed(id, cause);
        if (!shouldRetryLoad(error, id)) throw error;
        this.#error = error;
      } finally {
        loadSlots.release();
      }
      this.#nextAttemptAtMs = clock.now() + loadRetryDelayMs;
      await this.#wait("retry", this.#retryDelay(signal));
      this.#nextAttemptAtMs = undefined;
    }
  }

  async #loadOnce(loader: Loader<S>, context: LoadContext): Promise<S> {
    const { signal } = context;
    if (this.#attempts === 0) await this.#context.beforeLoad(loader, context);
    signal.throwIfAborted();
    this.#attempts++;
    this.#to("loading");
    signal.throwIfAborted();
    return loader.load(context);
  }

  /** Waits for the retry delay, or until the version's data has changed; in that case its probe runs again too. */
  async #retryDelay(signal: AbortSignal): Promise<void> {
    const { clock, loadRetryDelayMs } = this.#context;
    const changed = new AbortController();
    using _watch = onChange(this.#version, () => changed.abort());
    await delay(clock, loadRetryDelayMs, AbortSignal.any([signal, changed.signal]));
    signal.throwIfAborted();
    if (changed.signal.aborted) this.#attempts = 0;
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
    const unloadSlot = unloadSlots.acquire();
    if (unloadSlot !== undefined) await this.#wait("unload-slot", unloadSlot);
    const failure = await this.#dispose(this.servable);
    unloadSlots.release();
    this.onIdle = () => {
      this.servable = undefined as S;
    };
    if (this.handleCount === 0) this.onIdle();
    this.#releaseAfter(this.#disposing);
    this.#end(failure);
  }

  /** Disposes a servable. A disposal that times out continues as `#disposing`. */
  async #dispose(servable: S): Promise<ServingError | undefined> {
    const { clock, unloadTimeoutMs: timeoutMs } = this.#context;
    const disposing = unload(servable);
    if (!(await endsWithin(disposing, { clock, timeoutMs }))) {
      this.#disposing = disposing.catch(() => {});
      return errors.unloadTimedOut(this.id, timeoutMs);
    }
    try {
      await disposing;
      return undefined;
    } catch (cause) {
      return errors.unloadFailed(this.id, cause);
    }
  }

  /** Ends this load cycle. After an error while loading, its phase is `failed`, and another load cycle may follow. */
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
}

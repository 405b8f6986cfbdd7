import type { Observable, Subscription } from "rxjs";
import { onAbort } from "./abort-watch.js";
import type { AspiredVersions } from "./aspired-versions.js";
import {
  type AspiredVersionsManagerOptions,
  withDefaults,
} from "./aspired-versions-manager-options.js";
import { ChangeListeners } from "./change-listeners.js";
import type { Clock } from "./clock.js";
import { errors } from "./errors.js";
import type { Loader } from "./loader.js";
import type { LoaderHarness } from "./loader-harness.js";
import type { Manager } from "./manager.js";
import { ManagerEvents } from "./manager-events.js";
import { problemOf } from "./problem-of-aspired-versions.js";
import type { ServableHandle } from "./servable-handle.js";
import type { ServableId } from "./servable-id.js";
import {
  formatServableRequest,
  requestOf,
  type ServableRequest,
  type VersionLabels,
} from "./servable-request.js";
import type { ManagerEvent, ServableState } from "./servable-state.js";
import { ServableStream, type StreamContext } from "./servable-stream.js";
import { type LabelState, ServingMap } from "./serving-map.js";
import type { Source } from "./source.js";
import { type WaitOptions, waitUntil } from "./wait-until.js";

/**
 * Manages the versions that its sources aspire: loads aspired versions, unloads all others, in the order that a
 * policy decides, and returns counted handles to loaded versions.
 *
 * Guarantees, in addition to those of `Manager`:
 * - V1 A list that a source emits replaces the previous list of the same name, and no other. Lists are not queued:
 *   only the latest counts.
 * - V2 A version that is loaded and in the latest list is never unloaded, except by `close`.
 * - V3 A version that the latest list omits is unloaded. If it is still loading, its load is aborted; if it waits, it
 *   is cancelled immediately.
 * - V4 Each servable that a `load` returned is disposed exactly once.
 * - V5 A version that is aspired again while it unloads restarts with a new loader once the unload ends.
 * - V6 The state of a failed version has its error, its attempts and the time of the next attempt. It does not affect
 *   other versions. The next load cycle uses the latest data from the source. If the source reports that the data of
 *   a failed version has changed, the version is probed and loaded again immediately.
 * - V7 A change of one name causes work for that name only; nothing is polled.
 * - V8 `available` is emitted after `acquire` can return the version, `unloading` before it no longer can.
 * - V9 When a source completes or fails, nothing is unloaded. An exception in a policy, a loader or a hook becomes a
 *   state or an event.
 * - V10 A load without progress for `loadTimeoutMs`, or a disposal that takes longer than `unloadTimeoutMs`, releases
 *   its slot and ends the version with an error. If the load still returns a servable, it is disposed (V4). Until
 *   then the version is not loaded again, and its resources stay reserved.
 *
 * A name belongs to the source that last emitted it. Retries and waiting follow TF Serving's AspiredVersionsManager,
 * with three differences: a retry does not block a load slot; a failed version that stays aspired is loaded again;
 * and a version that does not fit next to the loaded ones waits until enough is unloaded. A version that exceeds a
 * limit by itself fails with NEVER_FITS.
 *
 * @example
 * ```ts
 * const manager = AspiredVersionsManager.from(source.pipe(tflite()));
 * await manager.available({ name: "digits" });
 * using digits = manager.acquire({ name: "digits" });
 * const { probabilities } = await digits.servable.predict({ image: tensor("float32", [1, 64], pixels) });
 * ```
 */
export class AspiredVersionsManager<S> implements Manager<S> {
  readonly #clock: Clock;
  readonly #context: StreamContext<S>;
  readonly #streams = new Map<string, ServableStream<S>>();
  readonly #serving = new ServingMap<S>();
  readonly #connections = new Set<Subscription>();
  readonly #waiting = new ChangeListeners();
  readonly #events = new ManagerEvents();
  /** Lists that were emitted while an event was being delivered, by name. */
  readonly #lists = new Map<string, AspiredVersions<Loader<S>>>();
  /** The outcome of the last source, completed or failed; set while no source is connected. */
  #sourcesEnd: { readonly error: unknown } | undefined;
  #whenEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Makes a manager that is connected to a source. The type of the manager follows from the source's servables. */
  static from<S>(
    source: Source<Loader<S>>,
    options?: AspiredVersionsManagerOptions<S>,
  ): AspiredVersionsManager<S> {
    const manager = new AspiredVersionsManager<S>(options);
    manager.connect(source);
    return manager;
  }

  /** Throws RangeError if a number among the options is out of range. */
  constructor(options: AspiredVersionsManagerOptions<S> = {}) {
    const { policy, reloadBackoffMs, harness } = withDefaults(options);
    const { clock } = harness;
    this.#clock = clock;
    this.#context = {
      policy,
      reloadBackoffMs,
      harness,
      changed: this.#changed.bind(this),
      policyFailed: (name, error) =>
        this.#tell({ kind: "policy-failed", name, error, atMs: clock.now() }),
      settled: (stream) => this.#settled(stream),
    };
  }

  /**
   * Emits each event synchronously, to all observers in the same order. Completes when the manager has closed. An
   * observer may call the manager. If it makes a source emit a list, the list is processed after the event has been
   * delivered.
   */
  get events(): Observable<ManagerEvent> {
    return this.#events.observable;
  }

  /**
   * Subscribes to a source. Disposing the result ends the subscription and unloads nothing; `close` ends all
   * subscriptions. Throws MANAGER_CLOSED (UNAVAILABLE) after `close`.
   */
  connect(source: Source<Loader<S>>): Disposable {
    if (this.#closing !== undefined) throw errors.managerClosed();
    this.#sourcesEnd = undefined;
    const end = (error?: unknown) => {
      this.#sourcesEnd = { error };
      this.#tell({ kind: "source-ended", error, atMs: this.#clock.now() });
    };
    const subscription = source.subscribe({
      next: (versions) => this.#aspire(versions),
      error: end,
      complete: end,
    });
    this.#connections.add(subscription);
    subscription.add(() => {
      this.#connections.delete(subscription);
      if (this.#connections.size === 0) this.#waiting.tellAll();
    });
    return { [Symbol.dispose]: () => subscription.unsubscribe() };
  }

  acquire(request: ServableRequest | string): ServableHandle<S> {
    if (this.#closing !== undefined) throw errors.managerClosed();
    return this.#serving.acquire(requestOf(request));
  }

  /**
   * Calls `run` with a servable, and releases it when the result of `run` has settled.
   *
   * @throws as `acquire`; the rejection of `run`.
   */
  async use<R>(
    request: ServableRequest | string,
    run: (servable: S, id: ServableId) => R | Promise<R>,
  ): Promise<R> {
    using handle = this.acquire(request);
    return await run(handle.servable, handle.id);
  }

  listAvailable(): ServableId[] {
    return this.#serving.list();
  }

  /**
   * Resolves when `acquire` with this request would succeed. Also waits for a version that no source has listed yet.
   *
   * @throws ServingError the version's own error if all versions that could fulfil the request have failed; the error
   * of an empty list if the source reports that there is no version to wait for (O10 of `Source`); SOURCES_ENDED
   * (FAILED_PRECONDITION) if no source is left that could list it; WAIT_TIMED_OUT (DEADLINE_EXCEEDED), MANAGER_CLOSED
   * (UNAVAILABLE); or the signal's reason.
   */
  async available(request: ServableRequest, options: WaitOptions = {}): Promise<void> {
    const { name } = request;
    const look = () => {
      if (this.#closing !== undefined) throw errors.managerClosed();
      if (this.#serving.has(request)) return true;
      const stream = this.#streams.get(name);
      const failure = stream?.failureOf(request);
      if (failure) throw failure;
      if (this.#connections.size === 0 && this.#sourcesEnd && !stream?.has(request)) {
        throw errors.sourcesEnded(request, this.#sourcesEnd.error);
      }
      return undefined;
    };
    const what = formatServableRequest(request);
    const onChange = (again: () => void) => this.#waiting.add(name, again);
    const describe = () => this.#describe(name);
    await waitUntil({ what, look, onChange, describe }, options, this.#clock);
  }

  /**
   * Returns the state of every version that is aspired or not yet unloaded, of one name or of all names; newest first
   * within a name. A failed version is included as long as it is aspired.
   */
  states(name?: string): ServableState[] {
    if (name !== undefined) return this.#streams.get(name)?.states ?? [];
    return [...this.#streams.values()].flatMap((stream) => stream.states);
  }

  /** Returns the labels of a servable and the versions that they point to. */
  labels(name: string): ReadonlyMap<string, LabelState> {
    return this.#serving.labels(name);
  }

  /**
   * Replaces all labels of a servable. If the version of a label is not available, the label keeps its current
   * version, and the new one is pending until it becomes available. Throws RangeError if a value is not a version,
   * and then changes nothing.
   */
  setLabels(name: string, labels: VersionLabels): void {
    this.#serving.setLabels(name, labels);
    this.#tell({ kind: "labels", name, atMs: this.#clock.now() });
    this.#waiting.tell(name);
  }

  close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#closing ??= this.#close();
    const abandon = () => {
      for (const { lives } of this.#streams.values())
        for (const life of lives) life.abandonHandles();
    };
    onAbort(options.signal, abandon, this.#closing);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #aspire(list: AspiredVersions<Loader<S>>): void {
    const problem = problemOf(list);
    if (problem === undefined) {
      this.#lists.set(list.name, list);
      this.#takeUpLists();
    } else {
      const error = errors.invalidAspiredVersions(problem);
      this.#tell({ kind: "source-invalid", error, atMs: this.#clock.now() });
    }
  }

  #takeUpLists(): void {
    if (this.#events.isTelling) return;
    for (const [name, list] of this.#lists) {
      this.#lists.delete(name);
      if (this.#closing !== undefined) continue;
      let stream = this.#streams.get(name);
      if (stream === undefined) {
        stream = new ServableStream(name, this.#context);
        this.#streams.set(name, stream);
      }
      stream.aspire(list);
    }
  }

  /** Processes a state change of a version: `available` is emitted after `acquire` can return it (V8). */
  #changed(life: LoaderHarness<S>): void {
    const { phase, state } = life;
    if (phase === "ready") this.#serving.add(life);
    this.#tell({ kind: "state", ...state });
    if (phase === "leaving") this.#serving.remove(life.id);
  }

  #settled(stream: ServableStream<S>): void {
    if (stream.isEmpty && this.#streams.get(stream.name) === stream) {
      this.#streams.delete(stream.name);
      if (this.#streams.size === 0) this.#whenEmpty?.();
    }
    this.#waiting.tell(stream.name);
  }

  #tell(event: ManagerEvent): void {
    this.#events.tell(event);
    this.#takeUpLists();
  }

  #describe(name: string): string {
    const states = this.states(name).map(({ id, state, waitingFor, error }) => {
      const waiting = waitingFor ? `, waiting for ${waitingFor}` : "";
      return `version ${id.version} is at ${state}${waiting}${error ? `: ${error.message}` : ""}`;
    });
    return states.join("; ") || "no version is aspired";
  }

  async #close(): Promise<void> {
    // The code below runs after #closing is set, so nothing starts meanwhile.
    await Promise.resolve();
    this.#disconnect();
    const failures = this.#events.collectUnloadFailures();
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const stream of [...this.#streams.values()]) stream.close();
    if (this.#streams.size > 0) await empty;
    this.#events.complete();
    if (failures.length > 0) throw errors.closeFailed(failures);
  }

  #disconnect(): void {
    for (const subscription of [...this.#connections]) {
      try {
        subscription.unsubscribe();
      } catch (error) {
        this.#tell({ kind: "source-ended", error, atMs: this.#clock.now() });
      }
    }
    this.#waiting.tellAll();
  }
}

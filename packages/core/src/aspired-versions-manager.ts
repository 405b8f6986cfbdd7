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
 * The manager at the end of a stream of aspired versions: it loads what is aspired, unloads what no
 * longer is, in the order that a policy decides, and hands out counted holds on what is loaded.
 *
 * Guarantees, beside those of `Manager`:
 * - V1 An emission of a source replaces the earlier one of that name, and nothing else. Lists are not
 *   queued: only the latest counts.
 * - V2 A version that is loaded and in the latest list is never unloaded, except by `close`.
 * - V3 A version that the latest list omits is unloaded; one that has not finished loading is
 *   aborted; one that waits is given up at once.
 * - V4 Each `load` that succeeded is followed by exactly one disposal of what it gave.
 * - V5 A version that is aspired again while it unloads restarts with a new loader once the unload ends.
 * - V6 A version that failed shows its error, its attempts and when it is tried next; it harms no
 *   other version. The newest data that a source gave is what the next life begins with. If the source
 *   tells that the data of a failed version has changed, it is loaded again at once, its probe included.
 * - V7 A change of one name costs work for that name only; nothing is polled.
 * - V8 `available` is emitted after `acquire` gives the version, `unloading` before it stops to.
 * - V9 When a source completes or fails nothing is unloaded; an exception of a policy, a loader or a
 *   hook becomes state or an event.
 * - V10 A load without progress for `loadTimeoutMs`, or a disposal that takes longer than `unloadTimeoutMs`, gives its
 *   slot to others and ends the version with an error. What the load gives later is disposed (V4); until then the
 *   version is not loaded again, and what was reserved for it stays reserved.
 *
 * A name belongs to the source that last emitted it. Retries and waiting follow TF Serving's
 * AspiredVersionsManager, with three differences: a retry does not block a load slot, a failed
 * version that stays aspired is tried again, and a version that does not fit beside what is loaded
 * waits until something leaves. One that exceeds a limit by itself fails with NEVER_FITS.
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
  /** Lists that came while an event was being delivered, by name. */
  readonly #lists = new Map<string, AspiredVersions<Loader<S>>>();
  /** How the last of the sources ended by itself, while none is connected. */
  #sourcesEnd: { readonly error: unknown } | undefined;
  #whenEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Makes a manager that is connected to a source, whose servables give it its type. */
  static from<S>(
    source: Source<Loader<S>>,
    options?: AspiredVersionsManagerOptions<S>,
  ): AspiredVersionsManager<S> {
    const manager = new AspiredVersionsManager<S>(options);
    manager.connect(source);
    return manager;
  }

  /** Throws RangeError when a number among the options is out of its range. */
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
   * What happens, told synchronously as it happens, to every observer in the same order. Completes
   * when the manager has closed. An observer may call the manager; a list that it makes a source emit
   * is taken up once the event has been delivered.
   */
  get events(): Observable<ManagerEvent> {
    return this.#events.observable;
  }

  /**
   * Subscribes to a source. Disposing the result ends the subscription and unloads nothing; `close`
   * does it for all. Throws MANAGER_CLOSED (UNAVAILABLE) after `close`.
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
   * Calls `run` with a servable, and releases it when the result has settled.
   *
   * @throws as `acquire`, and what `run` rejects with.
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
   * Resolves when `acquire` with this request succeeds. Waits also for a version that no source has listed
   * yet.
   *
   * @throws ServingError the version's own error if all that could fulfil the request has failed; the
   * error of an empty list if the source says that there is nothing to wait for (O10 of `Source`);
   * SOURCES_ENDED (FAILED_PRECONDITION) if no source is left that could list it; WAIT_TIMED_OUT (DEADLINE_EXCEEDED), MANAGER_CLOSED (UNAVAILABLE); or the signal's reason.
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
   * The state of every version that is aspired or not yet gone, of one name or of all; newest first
   * within a name. A version that failed is among them for as long as it is aspired.
   */
  states(name?: string): ServableState[] {
    if (name !== undefined) return this.#streams.get(name)?.states ?? [];
    return [...this.#streams.values()].flatMap((stream) => stream.states);
  }

  /** The labels of a servable and where they point. */
  labels(name: string): ReadonlyMap<string, LabelState> {
    return this.#serving.labels(name);
  }

  /**
   * Replaces all labels of a servable. A label may point at a version that is not available: it
   * then stays where it was, pending, and moves when the version becomes available. Throws RangeError
   * when a version is none, and then changes nothing.
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

  /** Takes up a change of state of a version, in the order that V8 promises. */
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
    // The following runs when #closing is set, so that nothing starts meanwhile.
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

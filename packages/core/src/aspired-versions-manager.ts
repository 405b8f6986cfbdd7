import { availableParallelism } from "node:os";
import { type Observable, Subject } from "rxjs";
import type { AspiredVersionPolicy, VersionSnapshot } from "./aspired-version-policy.js";
import type { AspiredVersion, AspiredVersions } from "./aspired-versions.js";
import { availabilityPreserving } from "./availability-preserving-policy.js";
import { type Clock, systemClock } from "./clock.js";
import { errors, isServingError, messageOf, type ServingError } from "./errors.js";
import type { Loader } from "./loader.js";
import { type HarnessContext, LoaderHarness } from "./loader-harness.js";
import type { Manager } from "./manager.js";
import { type Resources, ResourceTracker } from "./resources.js";
import type { ServableHandle } from "./servable-handle.js";
import { isVersion, type ServableId, type Version } from "./servable-id.js";
import {
  formatServableRequest,
  type ServableRequest,
  type VersionLabels,
} from "./servable-request.js";
import type { ManagerEvent, ServableState } from "./servable-state.js";
import { type LabelState, ServingMap } from "./serving-map.js";
import type { Source } from "./source.js";
import { Slots, WaitQueue } from "./wait-queue.js";
import { type WaitOptions, waitUntil } from "./wait-until.js";

/** How an AspiredVersionsManager loads and unloads. */
export interface AspiredVersionsManagerOptions<S> {
  /** The order of loading and unloading. Default `availabilityPreserving`. */
  readonly policy?: AspiredVersionPolicy;
  /** How many versions load at the same time. Default 2. */
  readonly loadConcurrency?: number;
  /**
   * The same from the beginning until no load is under way or waiting for the first time, so that
   * a process starts fast. Default 4 for each core.
   */
  readonly initialLoadConcurrency?: number;
  /** How many versions are unloaded at the same time. Default 2. */
  readonly unloadConcurrency?: number;
  /** How often loading is tried again after the first attempt failed. Default 5. */
  readonly maxLoadRetries?: number;
  /** The time between attempts in ms. Default 60,000. */
  readonly loadRetryDelayMs?: number;
  /**
   * Whether an attempt that failed with this error is worth another. Default: unless its code is
   * INVALID_ARGUMENT or UNIMPLEMENTED, which waiting does not mend.
   */
  readonly shouldRetryLoad?: (error: ServingError, id: ServableId) => boolean;
  /**
   * When a version that failed and stays aspired begins again, in ms after its end: `min`, then
   * doubled at each failure up to `max`. Default 60,000 and 600,000.
   */
  readonly reloadBackoffMs?: { readonly min: number; readonly max: number };
  /** What may be reserved of each resource. Default: all is unlimited. */
  readonly resourceLimits?: Resources;
  /** Called before a version is first tried to load. A rejection fails the version. */
  readonly preLoad?: (id: ServableId) => void | Promise<void>;
  /** May veto a version before it is loaded, by rejecting. Runs before the loader's own `probe`. */
  readonly probe?: (version: {
    readonly id: ServableId;
    readonly loader: Loader<S>;
    readonly signal: AbortSignal;
  }) => Promise<void>;
  /** Default `systemClock`. */
  readonly clock?: Clock;
}

/** What the manager knows of one name. */
interface Stream<S> {
  readonly name: string;
  /** The latest list of the source, by version. */
  aspired: Map<Version, AspiredVersion<Loader<S>>>;
  /** One life a version, newest version first. */
  lives: LoaderHarness<S>[];
  /** Set while the policy is being followed, so that what happens meanwhile does not nest. */
  isReconciling: boolean;
}

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
 * - V5 A version that is aspired again while it is leaving begins a new life, with a new loader, when
 *   it has left.
 * - V6 A version that failed shows its error, its attempts and when it is tried next; it harms no
 *   other version. The newest data that a source gave is what the next life begins with.
 * - V7 A change of one name costs work for that name only; nothing is polled.
 * - V8 `available` is told after `acquire` gives the version, `unloading` before it stops to.
 * - V9 When a source completes or fails nothing is unloaded; an exception of a policy, a loader or a
 *   hook becomes state or an event.
 *
 * A name belongs to the source that spoke of it last. Retries and waiting follow TF Serving's
 * AspiredVersionsManager, with three differences: a retry does not block a load slot, a failed
 * version that stays aspired is tried again, and a version that does not fit into the resources
 * waits until something leaves.
 */
export class AspiredVersionsManager<S> implements Manager<S> {
  readonly #policy: AspiredVersionPolicy;
  readonly #clock: Clock;
  readonly #backoff: { readonly min: number; readonly max: number };
  readonly #context: HarnessContext<S>;
  readonly #streams = new Map<string, Stream<S>>();
  readonly #serving = new ServingMap<S>();
  readonly #nextLives = new Map<LoaderHarness<S>, Disposable>();
  readonly #connections = new Set<Disposable>();
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #events = new Subject<ManagerEvent>();
  #closing: Promise<void> | undefined;

  constructor(options: AspiredVersionsManagerOptions<S> = {}) {
    const {
      policy = availabilityPreserving,
      loadConcurrency = 2,
      initialLoadConcurrency = Math.max(loadConcurrency, 4 * availableParallelism()),
      unloadConcurrency = 2,
      maxLoadRetries = 5,
      loadRetryDelayMs = 60_000,
      shouldRetryLoad = (error) =>
        error.code !== "INVALID_ARGUMENT" && error.code !== "UNIMPLEMENTED",
      reloadBackoffMs = { min: 60_000, max: 600_000 },
      clock = systemClock,
    } = options;
    checkAtLeast(1, { loadConcurrency, initialLoadConcurrency, unloadConcurrency });
    checkAtLeast(0, {
      maxLoadRetries,
      loadRetryDelayMs,
      "reloadBackoffMs.min": reloadBackoffMs.min,
      "reloadBackoffMs.max": reloadBackoffMs.max,
    });
    this.#policy = policy;
    this.#clock = clock;
    this.#backoff = reloadBackoffMs;
    const loadSlots: Slots = new Slots(initialLoadConcurrency, () => {
      loadSlots.limit = loadConcurrency;
    });
    this.#context = {
      clock,
      loadSlots,
      unloadSlots: new Slots(unloadConcurrency),
      resources: new ResourceTracker(options.resourceLimits),
      resourceQueue: new WaitQueue(),
      maxLoadRetries,
      loadRetryDelayMs,
      shouldRetryLoad,
      beforeLoad: async (id, loader, signal) => {
        await options.preLoad?.(id);
        await options.probe?.({ id, loader, signal });
        await loader.probe?.({ id, signal });
      },
      changed: (harness) => this.#changed(harness),
    };
  }

  /** What happens, told synchronously as it happens. Completes when the manager has closed. */
  get events(): Observable<ManagerEvent> {
    return this.#events.asObservable();
  }

  /**
   * Subscribes to a source. Disposing the result ends the subscription and unloads nothing; `close`
   * does it for all. Throws MANAGER_CLOSED (UNAVAILABLE) after `close`.
   */
  connect(source: Source<Loader<S>>): Disposable {
    if (this.#closing !== undefined) throw errors.managerClosed();
    const end = (error?: unknown) => {
      this.#connections.delete(connection);
      this.#emit({ kind: "source-ended", error, atMs: this.#clock.now() });
    };
    const subscription = source.subscribe({
      next: (versions) => this.#aspire(versions),
      error: end,
      complete: end,
    });
    const connection = {
      [Symbol.dispose]: () => {
        this.#connections.delete(connection);
        subscription.unsubscribe();
      },
    };
    if (!subscription.closed) this.#connections.add(connection);
    return connection;
  }

  acquire(request: ServableRequest): ServableHandle<S> {
    if (this.#closing !== undefined) throw errors.managerClosed();
    return this.#serving.acquire(request);
  }

  listAvailable(): ServableId[] {
    return this.#serving.list();
  }

  /**
   * Resolves when `acquire` with this request succeeds.
   *
   * @throws ServingError the version's own error when all that could fulfil the request has failed,
   * WAIT_TIMED_OUT (DEADLINE_EXCEEDED), MANAGER_CLOSED (UNAVAILABLE); or the signal's reason.
   */
  async available(request: ServableRequest, options: WaitOptions = {}): Promise<void> {
    const { name } = request;
    const look = () => {
      if (this.#closing !== undefined) throw errors.managerClosed();
      if (this.#serving.has(request)) return true;
      const failure = this.#failureOf(request);
      if (failure) throw failure;
      return undefined;
    };
    const onChange = (again: () => void) => {
      const waiters = this.#waiters.get(name) ?? new Set();
      this.#waiters.set(name, waiters.add(again));
      return {
        [Symbol.dispose]: () => {
          waiters.delete(again);
          if (waiters.size === 0) this.#waiters.delete(name);
        },
      };
    };
    const what = formatServableRequest(request);
    const describe = () => this.#describe(name);
    await waitUntil({ what, look, onChange, describe }, options, this.#clock);
  }

  /**
   * The state of every version that is aspired or not yet gone, of one name or of all; newest first
   * within a name. A version that failed is among them for as long as it is aspired.
   */
  states(name?: string): ServableState[] {
    const streams =
      name === undefined ? this.#streams.values() : [this.#streams.get(name)].filter((s) => !!s);
    return [...streams].flatMap((stream) => stream.lives.map((life) => life.state));
  }

  /** The labels of a servable and where they point. */
  labels(name: string): ReadonlyMap<string, LabelState> {
    return this.#serving.labels(name);
  }

  /**
   * Replaces all labels of a servable. A label may point at a version that is not available: it
   * then stays where it was, pending, and moves when the version becomes available.
   */
  setLabels(name: string, labels: VersionLabels): void {
    this.#serving.setLabels(name, labels);
    this.#wake(name);
  }

  close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#closing ??= this.#close();
    if (options.signal) this.#abandonHandlesOn(options.signal);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #aspire(list: AspiredVersions<Loader<S>>): void {
    if (this.#closing !== undefined) return;
    const problem = problemOf(list);
    if (problem !== undefined) {
      const error = errors.invalidAspiredVersions(problem);
      this.#emit({ kind: "source-invalid", error, atMs: this.#clock.now() });
      return;
    }
    let stream = this.#streams.get(list.name);
    if (stream === undefined) {
      stream = { name: list.name, aspired: new Map(), lives: [], isReconciling: false };
      this.#streams.set(list.name, stream);
    }
    stream.aspired = new Map(list.versions.map((version) => [version.id.version, version]));
    // The policy is asked once the whole list is taken up, not at each change on the way.
    stream.isReconciling = true;
    for (const life of [...stream.lives]) this.#update(stream, life);
    for (const version of stream.aspired.values()) {
      if (!stream.lives.some((life) => life.id.version === version.id.version)) {
        this.#begin(stream, version, 0);
      }
    }
    stream.isReconciling = false;
    this.#reconcile(stream);
    this.#forgetIfEmpty(stream);
  }

  /** Brings a life in line with the latest list. */
  #update(stream: Stream<S>, life: LoaderHarness<S>): void {
    const version = stream.aspired.get(life.id.version);
    life.isAspired = version !== undefined;
    if (version === undefined) {
      if (life.phase === "failed") this.#bury(stream, life);
      else life.cancel();
    } else if (life.isErrorVersion) {
      const isSameError = "error" in version && version.error.message === life.error?.message;
      if (!isSameError) this.#bury(stream, life);
    }
  }

  /** Begins a life of an aspired version. */
  #begin(stream: Stream<S>, version: AspiredVersion<Loader<S>>, failedLives: number): void {
    const origin = "error" in version ? version : version.data;
    const life = new LoaderHarness(this.#context, version.id, origin, failedLives);
    const index = stream.lives.findIndex((other) => other.id.version < version.id.version);
    stream.lives.splice(index === -1 ? stream.lives.length : index, 0, life);
    this.#changed(life);
  }

  /** Forgets a life that has ended. */
  #bury(stream: Stream<S>, life: LoaderHarness<S>): void {
    stream.lives.splice(stream.lives.indexOf(life), 1);
    this.#nextLives.get(life)?.[Symbol.dispose]();
    this.#nextLives.delete(life);
    this.#forgetIfEmpty(stream);
  }

  #forgetIfEmpty(stream: Stream<S>): void {
    if (stream.lives.length === 0 && stream.aspired.size === 0) this.#streams.delete(stream.name);
  }

  /** Follows the policy until it has nothing more to do. */
  #reconcile(stream: Stream<S>): void {
    if (stream.isReconciling || this.#closing !== undefined) return;
    stream.isReconciling = true;
    try {
      for (;;) {
        const action = this.#policy(stream.lives.filter(isSnapshot).map(toSnapshot));
        if (action === undefined) return;
        const life = stream.lives.find((life) => life.id.version === action.id.version);
        if (action.kind === "load" && life?.phase === "new" && life.isAspired) life.load();
        else if (action.kind === "unload" && life?.phase === "ready" && !life.isAspired)
          life.unload();
        else throw new TypeError(`it may not ${action.kind} version ${action.id.version} now`);
      }
    } catch (cause) {
      const error = errors.policyFailed(stream.name, messageOf(cause), cause);
      this.#emit({ kind: "policy-failed", name: stream.name, error, atMs: this.#clock.now() });
    } finally {
      stream.isReconciling = false;
    }
  }

  /** Takes up every change of state of a harness: serving map, events, what follows. */
  #changed(life: LoaderHarness<S>): void {
    const { id, phase } = life;
    if (phase === "ready") this.#serving.add(life);
    this.#emit({ kind: "state", ...life.state });
    if (phase === "leaving") this.#serving.remove(id);
    const stream = this.#streams.get(id.name);
    if (stream === undefined || !stream.lives.includes(life)) return;
    if (phase === "failed") this.#scheduleNextLife(stream, life);
    if (phase === "ended") {
      this.#bury(stream, life);
      const version = stream.aspired.get(id.version);
      if (version && this.#closing === undefined) this.#begin(stream, version, 0);
    }
    this.#wake(id.name);
    this.#reconcile(stream);
  }

  #scheduleNextLife(stream: Stream<S>, life: LoaderHarness<S>): void {
    if (life.isErrorVersion || this.#nextLives.has(life) || this.#closing !== undefined) return;
    const { min, max } = this.#backoff;
    const delayMs = Math.min(max, min * 2 ** Math.min(life.failedLives, 30));
    const timer = this.#clock.setTimeout(() => {
      const version = stream.aspired.get(life.id.version);
      this.#bury(stream, life);
      if (version) this.#begin(stream, version, life.failedLives + 1);
      this.#reconcile(stream);
    }, delayMs);
    this.#nextLives.set(life, timer);
    life.announceNextLife(this.#clock.now() + delayMs);
  }

  /** The error of a request that nothing under way can fulfil, because all that could has failed. */
  #failureOf(request: ServableRequest): ServingError | undefined {
    if (request.label !== undefined) return undefined;
    const lives = (this.#streams.get(request.name)?.lives ?? []).filter(
      (life) => request.version === undefined || life.id.version === BigInt(request.version),
    );
    return lives.every((life) => life.phase === "failed") ? lives[0]?.error : undefined;
  }

  #describe(name: string): string {
    const states = this.states(name).map(({ id, state, waitingFor, error }) => {
      const detail = error ? `: ${error.message}` : waitingFor ? `, waiting for ${waitingFor}` : "";
      return `version ${id.version} is at ${state}${detail}`;
    });
    return states.join("; ") || "no version is aspired";
  }

  #wake(name: string): void {
    for (const again of [...(this.#waiters.get(name) ?? [])]) again();
  }

  #emit(event: ManagerEvent): void {
    this.#events.next(event);
  }

  async #close(): Promise<void> {
    // What follows runs when #closing is set, so that nothing begins anew meanwhile.
    await Promise.resolve();
    for (const connection of [...this.#connections]) connection[Symbol.dispose]();
    for (const name of [...this.#waiters.keys()]) this.#wake(name);
    const failures: unknown[] = [];
    const observer = this.#events.subscribe((event) => {
      if (event.kind === "state" && event.error?.reason === "UNLOAD_FAILED") {
        failures.push(event.error);
      }
    });
    for (const stream of [...this.#streams.values()]) {
      stream.aspired = new Map();
      for (const life of [...stream.lives]) {
        life.isAspired = false;
        if (life.phase === "failed") this.#bury(stream, life);
        else if (life.phase === "ready") life.unload();
        else life.cancel();
      }
    }
    while (this.#streams.size > 0) await this.#anyEnd();
    observer.unsubscribe();
    this.#events.complete();
    if (failures.length > 0) throw errors.closeFailed(failures);
  }

  /** Resolves when the next version ends. */
  #anyEnd(): Promise<void> {
    return new Promise((resolve) => {
      const observer = this.#events.subscribe((event) => {
        if (event.kind !== "state" || event.state !== "end") return;
        observer.unsubscribe();
        resolve();
      });
    });
  }

  #abandonHandlesOn(signal: AbortSignal): void {
    const abandon = () => {
      for (const { lives } of this.#streams.values())
        for (const life of lives) life.abandonHandles();
    };
    if (signal.aborted) void Promise.resolve().then(abandon);
    else signal.addEventListener("abort", abandon, { once: true });
  }
}

type Phase = VersionSnapshot["state"];

function isSnapshot<S>(life: LoaderHarness<S>): boolean {
  return life.phase !== "ended";
}

function toSnapshot<S>({ id, isAspired, phase }: LoaderHarness<S>): VersionSnapshot {
  return { id, isAspired, state: phase as Phase };
}

/** What is wrong with what a source emitted, if anything. */
function problemOf(list: AspiredVersions<unknown>): string | undefined {
  if (typeof list?.name !== "string") return "it has no name";
  if (!Array.isArray(list.versions)) return `versions of ${list.name} is no array`;
  const seen = new Set<Version>();
  for (const version of list.versions as readonly AspiredVersion<unknown>[]) {
    const id = version?.id;
    if (id?.name !== list.name) return `a version in the list of ${list.name} is of ${id?.name}`;
    if (!isVersion(id.version)) return `${String(id.version)} is no version (bigint >= 0)`;
    if (seen.has(id.version)) return `version ${id.version} of ${list.name} is listed twice`;
    if ("error" in version && !isServingError(version.error)) return "an error is no ServingError";
    seen.add(id.version);
  }
  return undefined;
}

function checkAtLeast(min: number, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= min)) throw new RangeError(`${name} must be a number >= ${min}; got ${value}`);
  }
}

import {
  type AspiredVersions,
  type Clock,
  inSlices,
  type SourceProblem,
  type Steps,
  type StoragePath,
} from "@serving-kit/core";
import { BasePathObserver, type ObserverEvents } from "./base-path-observer.js";
import { BasePathWatcher } from "./base-path-watcher.js";
import { type ResolvedServable, resolveServable, type ServableConfig } from "./config.js";
import { errors } from "./errors.js";
import { LookQueue } from "./look-queue.js";
import type { Surroundings } from "./version-assessor.js";

/** The settings of an observation: the source's options with their defaults filled in. */
export interface ObservationSettings extends Surroundings {
  readonly pollIntervalMs: number;
  /** True if every poll includes base paths whose changes the system reports. */
  readonly pollsAlways: boolean;
  readonly watch: boolean;
}

/** Every 20th poll includes base paths whose changes are reported, because a watch does not notice a replaced path. */
const RARE_POLLS = 20;

// Changes arrive in bursts, one for each written file; this delay makes one check of each burst.
const HINT_DELAY_MS = 20;

/** The number of servables that are set up before the event loop may turn. */
const STEP_SERVABLES = 256;

/** The number of paths that are resolved before the event loop may turn. */
const STEP_PATHS = 1_024;

/**
 * The work of a source from its first subscriber to its last: an observer for each servable, and the triggers of
 * their checks: polls, watches, and versions that may have settled.
 */
export class Observation {
  readonly #settings: ObservationSettings;
  readonly #clock: Clock;
  readonly #events: ObserverEvents;
  readonly #queue: LookQueue;
  readonly #watcher: BasePathWatcher | undefined;
  readonly #observers = new Map<string, BasePathObserver>();
  readonly #dueTimers = new Map<BasePathObserver, Disposable>();
  /** Paths for which a watch reported a change, to be checked when the timer fires. */
  readonly #hints = new Set<string>();
  /** The configured servables, and the newest configuration whose servables are all observed. */
  #servables: ReadonlyMap<string, ServableConfig> = new Map();
  #observed = this.#servables;
  /** Resolves when all are observed. */
  #observing: Promise<void> = Promise.resolve();
  #hintTimer: Disposable | undefined;
  #pollTimer: Disposable | undefined;
  #polls = 0;
  #isSweeping = false;

  constructor(
    settings: ObservationSettings,
    servables: ReadonlyMap<string, ServableConfig>,
    events: ObserverEvents,
  ) {
    this.#settings = settings;
    this.#clock = settings.clock;
    this.#events = events;
    this.#queue = new LookQueue(settings.clock, settings.lookTimeoutMs, (target) =>
      this.#afterLook(target as BasePathObserver),
    );
    if (settings.watch) {
      const events = {
        onHint: (path: string) => this.#takeHint(path),
        onFailure: (path: string, error: unknown) => this.#watchFailed(path, error),
      };
      this.#watcher = new BasePathWatcher(events, settings.clock);
    }
    void this.reconfigure(servables);
    this.#schedulePoll();
  }

  /** Replaces the servables: the first ones before it returns, the others in slices. Withdraws removed ones. */
  reconfigure(servables: ReadonlyMap<string, ServableConfig>): Promise<void> {
    this.#servables = servables;
    this.#observing = inSlices(this.#takeUp(servables, process.cwd()));
    return this.#observing;
  }

  *#takeUp(servables: ReadonlyMap<string, ServableConfig>, workingFolder: string): Steps<void> {
    const resolved: ResolvedServable[] = [];
    const watched = new Set<string>();
    for (const config of servables.values()) {
      const servable = resolveServable(config, workingFolder);
      resolved.push(servable);
      watched.add(servable.basePath);
      if (resolved.length % STEP_PATHS === 0) yield;
      // Others were configured meanwhile.
      if (this.#servables !== servables) return;
    }
    let count = 0;
    for (const observer of [...this.#observers.values()]) {
      if (!watched.has(observer.servable.basePath)) {
        this.#watcher?.unwatch(observer.servable.basePath);
      }
      this.#end(observer);
      if (!servables.has(observer.servable.name)) this.#withdraw(observer);
      if (++count % STEP_SERVABLES === 0) yield;
      if (this.#servables !== servables) return; // as above
    }
    for (const servable of resolved) {
      this.#observe(servable);
      if (++count % STEP_SERVABLES === 0) yield;
      if (this.#servables !== servables) return; // as above
    }
    this.#observed = servables;
  }

  #withdraw({ servable: { name }, problems, emitted }: BasePathObserver): void {
    this.#observers.delete(name);
    problems.clear();
    if (emitted !== undefined) this.#events.emit({ name, versions: [] });
  }

  /** Starts a check of every servable. Resolves when all were checked or did not respond in time. */
  async poll(): Promise<void> {
    if (this.#observed !== this.#servables) await this.#observing;
    await Promise.all(await inSlices(this.#requestAll()));
  }

  *#requestAll(): Steps<Promise<void>[]> {
    const looks: Promise<void>[] = [];
    for (const observer of this.#observers.values()) {
      looks.push(this.#queue.request(observer));
      if (looks.length % STEP_SERVABLES === 0) yield;
    }
    return looks;
  }

  /** Returns the current list of each servable that has one. */
  emitted(): AspiredVersions<StoragePath>[] {
    return [...this.#observers.values()].flatMap(({ emitted }) => emitted ?? []);
  }

  problems(name?: string): SourceProblem[] {
    if (name !== undefined) return this.#observers.get(name)?.problems.list() ?? [];
    return [...this.#observers.values()].flatMap(({ problems }) => problems.list());
  }

  /** Ends all work. Nothing is reported or emitted afterwards. */
  close(): void {
    this.#servables = new Map();
    this.#pollTimer?.[Symbol.dispose]();
    this.#hintTimer?.[Symbol.dispose]();
    for (const observer of this.#observers.values()) this.#end(observer);
    this.#observers.clear();
    this.#queue.close();
    this.#watcher?.close();
  }

  #observe(servable: ResolvedServable): void {
    const predecessor = this.#observers.get(servable.name);
    if (predecessor !== undefined) this.#queue.remove(predecessor);
    const observer = new BasePathObserver(this.#settings, servable, this.#events, predecessor);
    this.#observers.set(servable.name, observer);
    observer.retractAbsence();
    void this.#queue.request(observer);
  }

  #end(observer: BasePathObserver): void {
    observer.end();
    this.#queue.remove(observer);
    this.#dueTimers.get(observer)?.[Symbol.dispose]();
    this.#dueTimers.delete(observer);
  }

  #schedulePoll(): void {
    const { pollIntervalMs } = this.#settings;
    if (pollIntervalMs === 0) return;
    this.#pollTimer = this.#clock.setTimeout(() => {
      this.#schedulePoll();
      if (!this.#isSweeping) void this.#sweep(++this.#polls % RARE_POLLS === 0);
    }, pollIntervalMs);
  }

  /** Checks the observers that are due for a poll, in slices. */
  async #sweep(isRare: boolean): Promise<void> {
    this.#isSweeping = true;
    await inSlices(this.#addDue(isRare));
    this.#isSweeping = false;
  }

  *#addDue(isRare: boolean): Steps<void> {
    let count = 0;
    for (const observer of this.#observers.values()) {
      if (isRare || !this.#isReported(observer)) this.#queue.add(observer);
      if (++count % STEP_SERVABLES === 0) yield;
    }
  }

  /** Returns whether the system reports changes of a base path, so that it can be polled less often. */
  #isReported({
    servable: { basePath },
    device,
    isReachable,
    looksBelow,
  }: BasePathObserver): boolean {
    const { pollsAlways, fileSystem } = this.#settings;
    if (pollsAlways || !isReachable || looksBelow || !this.#watcher?.isWatching(basePath)) {
      return false;
    }
    return fileSystem.reportsChanges?.(basePath, device) ?? false;
  }

  #afterLook(observer: BasePathObserver): void {
    const { basePath } = observer.servable;
    if (observer.isReachable) {
      if (observer.identity && this.#watcher?.watch(basePath, observer.identity)) {
        observer.problems.retract("WATCH_FAILED");
      }
    } else {
      this.#watcher?.unwatch(basePath);
      // A path that does not exist cannot be watched. Without polling, the watch must be tried again.
      if (!this.#watcher || this.#settings.pollIntervalMs > 0) return;
    }
    this.#dueTimers.get(observer)?.[Symbol.dispose]();
    this.#dueTimers.delete(observer);
    const { dueInMs } = observer;
    if (dueInMs === undefined) return;
    this.#dueTimers.set(
      observer,
      this.#clock.setTimeout(() => this.#queue.add(observer), dueInMs),
    );
  }

  #takeHint(path: string): void {
    if (this.#hints.size === 0) {
      this.#hintTimer = this.#clock.setTimeout(() => {
        const hints = new Set(this.#hints);
        this.#hints.clear();
        for (const observer of this.#observers.values()) {
          if (hints.has(observer.servable.basePath)) void this.#queue.request(observer);
        }
      }, HINT_DELAY_MS);
    }
    this.#hints.add(path);
  }

  #watchFailed(path: string, error: unknown): void {
    for (const { servable, problems } of this.#observers.values()) {
      if (path !== servable.basePath) continue;
      problems.report(errors.watchFailed(servable.name, servable.basePath, error));
    }
  }
}

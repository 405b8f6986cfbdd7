import { type Clock, delay } from "@serving-kit/core";
import type { FSWatcher } from "chokidar";

/** Callbacks of a watcher. */
export interface WatchEvents {
  /** A watched path has changed, or may have changed while the watch was being set up. */
  onHint(path: string): void;
  /** A path cannot be watched, for instance because the system's limit of watches is reached. */
  onFailure(path: string, error: unknown): void;
}

/**
 * Time in ms until the first watch is set up. Loading chokidar and reading the folders again would delay the first
 * models. Changes meanwhile are found when the watch is ready.
 */
const START_DELAY_MS = 200;

interface Watch {
  readonly identity: string;
  /** Undefined until the watch is set up. */
  watcher: FSWatcher | undefined;
  /** True if all changes are reported from now on. */
  isReliable: boolean;
}

/**
 * Watches base paths and reports which of them changed. Watches only the entries of a base path, not the files below
 * them, so that the number of watches does not grow with the number of versions.
 *
 * A watch is only a hint: polling finds the changes that it misses (network file systems, an overflow of events).
 */
export class BasePathWatcher {
  readonly #events: WatchEvents;
  readonly #clock: Clock;
  readonly #watches = new Map<string, Watch>();
  readonly #closing = new AbortController();
  /** Resolves when watches may be set up; undefined before the first one. */
  #starting: Promise<void> | undefined;

  constructor(events: WatchEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /** Watches a path, or watches it again if the path is now another directory. Returns whether it started a watch. */
  watch(path: string, identity: string): boolean {
    if (this.#watches.get(path)?.identity === identity) return false;
    this.unwatch(path);
    const watch: Watch = { identity, watcher: undefined, isReliable: false };
    this.#watches.set(path, watch);
    void this.#start(path, watch).catch((error) => this.#events.onFailure(path, error));
    return true;
  }

  /** chokidar is loaded with the first watch: until then polling finds the changes. */
  async #start(path: string, watch: Watch): Promise<void> {
    const isCurrent = () => this.#watches.get(path) === watch;
    this.#starting ??= delay(this.#clock, START_DELAY_MS, this.#closing.signal);
    await this.#starting;
    if (!isCurrent()) return;
    const chokidar = await import("chokidar");
    if (!isCurrent()) return;
    // One watcher per path, because its "ready" event means that later changes are reported.
    const watcher = chokidar.watch(path, { depth: 0, ignoreInitial: true });
    watch.watcher = watcher;
    const hint = () => isCurrent() && this.#events.onHint(path);
    watcher.on("ready", () => {
      if (isCurrent()) watch.isReliable = true;
      hint();
    });
    watcher.on("all", hint);
    // The deletion of an empty base path emits no other event.
    watcher.on("raw", hint);
    watcher.on("error", (error) => {
      if (!isCurrent()) return;
      watch.isReliable = false;
      this.#events.onFailure(path, error);
    });
  }

  /** Returns whether a path is watched and its watch has not failed. */
  isWatching(path: string): boolean {
    return this.#watches.get(path)?.isReliable ?? false;
  }

  /** Stops watching a path. */
  unwatch(path: string): void {
    const watch = this.#watches.get(path);
    this.#watches.delete(path);
    void watch?.watcher?.close();
  }

  /** Stops watching everything. */
  close(): void {
    this.#closing.abort();
    for (const path of [...this.#watches.keys()]) this.unwatch(path);
  }
}

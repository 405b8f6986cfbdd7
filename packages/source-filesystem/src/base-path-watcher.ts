import { type FSWatcher, watch } from "chokidar";

/** Callbacks of a watcher. */
export interface WatchEvents {
  /** Something in or about a watched path has changed, or may have while the watch was set up. */
  onHint(path: string): void;
  /** A path cannot be watched, for instance since the system's limit of watches is reached. */
  onFailure(path: string, error: unknown): void;
}

interface Watch {
  readonly identity: string;
  readonly watcher: FSWatcher;
  /** Whether all changes are reported from now on. */
  isReliable: boolean;
}

/**
 * Watches base paths and says where to look: their own entries, not what is below these, so that the
 * number of watches does not grow with the number of versions.
 *
 * Only a hint: what watching misses (network file systems, an overflow of events) polling finds.
 */
export class BasePathWatcher {
  readonly #events: WatchEvents;
  readonly #watches = new Map<string, Watch>();

  constructor(events: WatchEvents) {
    this.#events = events;
  }

  /**
   * Watches a path; again if it has become another directory than the one watched. Tells whether it
   * began to.
   */
  watch(path: string, identity: string): boolean {
    if (this.#watches.get(path)?.identity === identity) return false;
    this.unwatch(path);
    // A watcher of its own, whose "ready" tells that from now on nothing is missed.
    const watcher = watch(path, { depth: 0, ignoreInitial: true });
    const isCurrent = () => this.#watches.get(path)?.watcher === watcher;
    const hint = () => isCurrent() && this.#events.onHint(path);
    watcher.on("ready", () => {
      const watch = this.#watches.get(path);
      if (watch?.watcher === watcher) watch.isReliable = true;
      hint();
    });
    watcher.on("all", hint);
    // The end of an empty base path is not an event of any other kind.
    watcher.on("raw", hint);
    watcher.on("error", (error) => {
      const watch = this.#watches.get(path);
      if (watch?.watcher !== watcher) return;
      watch.isReliable = false;
      this.#events.onFailure(path, error);
    });
    this.#watches.set(path, { identity, watcher, isReliable: false });
    return true;
  }

  /** Whether a path is watched, and no watch of it has failed. */
  isWatching(path: string): boolean {
    return this.#watches.get(path)?.isReliable ?? false;
  }

  /** Stops watching a path. */
  unwatch(path: string): void {
    const watch = this.#watches.get(path);
    this.#watches.delete(path);
    void watch?.watcher.close();
  }

  /** Stops watching everything. */
  close(): void {
    for (const path of [...this.#watches.keys()]) this.unwatch(path);
  }
}

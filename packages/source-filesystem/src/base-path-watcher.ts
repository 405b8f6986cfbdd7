import { type FSWatcher, watch } from "chokidar";

/** What a watcher tells. */
export interface WatchEvents {
  /** Something in or about a watched path may have changed. */
  onHint(path: string): void;
  /** A path cannot be watched, for instance since the system's limit of watches is reached. */
  onFailure(error: unknown, path: string | undefined): void;
}

/**
 * Watches base paths, each by itself and not what is below its entries, and says where to look.
 *
 * Only a hint: what watching misses (network file systems, a full event queue) polling finds.
 */
export class BasePathWatcher {
  readonly #watcher: FSWatcher;
  /** The identity of what is watched at each path. */
  readonly #identities = new Map<string, string>();

  constructor({ onHint, onFailure }: WatchEvents) {
    this.#watcher = watch([], {
      ignoreInitial: true,
      // Only base paths get a watch of their own: one each, however many versions they have.
      ignored: (path) => !this.#identities.has(path),
    });
    // "raw" is told also of entries that are ignored.
    this.#watcher.on("raw", (_event, path, details) => {
      const { watchedPath = path } = details as { readonly watchedPath?: string };
      onHint(watchedPath);
    });
    this.#watcher.on("error", (error) => {
      const path = error instanceof Error && "path" in error ? error.path : undefined;
      onFailure(error, typeof path === "string" ? path : undefined);
    });
  }

  /**
   * Watches a path; again if it has become another directory than the one watched. Tells whether it
   * began to.
   */
  watch(path: string, identity: string): boolean {
    const watched = this.#identities.get(path);
    if (watched === identity) return false;
    if (watched !== undefined) this.#watcher.unwatch(path);
    this.#identities.set(path, identity);
    this.#watcher.add(path);
    return true;
  }

  /** Stops watching a path. */
  unwatch(path: string): void {
    if (this.#identities.delete(path)) this.#watcher.unwatch(path);
  }

  async close(): Promise<void> {
    this.#identities.clear();
    await this.#watcher.close();
  }
}

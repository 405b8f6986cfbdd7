import type { Clock } from "./clock.js";
import type { Logger } from "./logger.js";
import type { Resources } from "./resources.js";
import type { ServableId } from "./servable-id.js";

/** The outcome of a warm-up. */
export interface WarmUpOutcome {
  /** Number of recorded requests that were read for it; 0 if there were none. */
  readonly records: number;
  /** Why it failed; absent if it succeeded. */
  readonly error?: unknown;
}

/** Context passed to `load` and `probe`. */
export interface LoadContext {
  readonly id: ServableId;
  /** Aborts when the version is no longer aspired or the manager closes. */
  readonly signal: AbortSignal;
  /** The time of the manager, which deadlines of calls refer to. Default `systemClock`. */
  readonly clock?: Clock;
  /** Logger for messages about this load. Default none. */
  readonly logger?: Logger;
  /**
   * Call when the load makes progress, such as for each received part of a file, to restart its timeout. Absent if
   * there is no timeout.
   */
  readonly progressed?: (() => void) | undefined;
  /**
   * Call when a warm-up starts. When it ends, call the returned function with the outcome, or not at
   * all if nothing ran. Absent if nothing listens.
   */
  readonly warmingUp?: (() => (outcome: WarmUpOutcome) => void) | undefined;
}

/**
 * Loads one version of a servable, estimates its resources, and unloads it.
 *
 * A loader guarantees:
 * - L1 Making a loader is cheap and does not access files, networks or native libraries: loaders are made for every
 *   version at every emission of a source, and most are never used.
 * - L2 `estimateResources` returns an upper bound of the servable's resources. It can be called before `load`, and
 *   never returns more than in an earlier call. Managers call it again after `load` and release the difference.
 * - L3 `load` resolves with a servable that is ready to be used, warm-up included.
 * - L4 If `load` rejects, it leaves nothing behind, and may be called again.
 * - L5 The servable's `[Symbol.asyncDispose]` (or `[Symbol.dispose]`) unloads it: it frees everything that `load`
 *   allocated. It is called once, when no handle to the servable is left. A servable with neither is left to the
 *   garbage collector.
 * - L6 Each `load` makes a separate servable: disposing one does not affect another.
 * - L7 When the signal aborts, `load` rejects with the signal's reason as soon as it can. Work that cannot be
 *   interrupted may end first; the caller disposes a servable that arrives later.
 * - L8 If a file is missing or corrupt, `load` rejects with a ServingError whose message has the path.
 *
 * `load` must not block the event loop: long native work belongs on another thread.
 *
 * @example
 * ```ts
 * const loader: Loader<{ answer: number }> = {
 *   load: async ({ signal }) => {
 *     signal.throwIfAborted();
 *     return { answer: 42 };
 *   },
 * };
 * ```
 */
export interface Loader<S> {
  /** Returns an upper bound of the resources of the loaded servable. Absent: nothing is reserved. */
  estimateResources?(): Promise<Resources>;
  /**
   * Checks that `load` cannot crash the process, for instance by loading in a child process first. Called before the
   * first load attempt of each load cycle. A rejection fails the version.
   */
  probe?(context: LoadContext): Promise<void>;
  load(context: LoadContext): Promise<S>;
}

/** Disposes a servable with `[Symbol.asyncDispose]`, else with `[Symbol.dispose]`, else does nothing. */
export async function unload(servable: unknown): Promise<void> {
  if (servable === null || (typeof servable !== "object" && typeof servable !== "function")) return;
  const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose } = servable as Partial<
    AsyncDisposable & Disposable
  >;
  if (disposeAsync) await disposeAsync.call(servable);
  else dispose?.call(servable);
}

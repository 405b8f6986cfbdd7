import type { Clock } from "./clock.js";
import type { Logger } from "./logger.js";
import type { Resources } from "./resources.js";
import type { ServableId } from "./servable-id.js";

/** The outcome of a warm-up. */
export interface WarmUpOutcome {
  /** How many recorded requests were read for it; 0 where it had none. */
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
  /** Receives what an operator should know of this load. Default none. */
  readonly logger?: Logger;
  /**
   * Call when the load has progressed, such as for each part of a file that has arrived: its time limit starts again.
   * Absent if there is none.
   */
  readonly progressed?: (() => void) | undefined;
  /**
   * Call when a warm-up starts. When it ends, call the returned function with the outcome, or not at
   * all if nothing ran. Absent if nothing listens.
   */
  readonly warmingUp?: (() => (outcome: WarmUpOutcome) => void) | undefined;
}

/**
 * Knows how to load one version of a servable, what it will cost, and how to unload it.
 *
 * Guarantees a loader gives:
 * - L1 Making one is cheap and touches no file, network or native library; loaders are made for
 *   every version at every emission of a source, and most are never used.
 * - L2 `estimateResources` is an upper bound of what the servable will hold, can be called before
 *   `load`, and does not grow from call to call. Managers ask again after `load` and give back what
 *   turned out not to be needed.
 * - L3 `load` resolves with a servable that is ready to be used, warm-up included.
 * - L4 A `load` that rejects leaves nothing behind, and may be called again.
 * - L5 Unloading is the servable's `[Symbol.asyncDispose]` (or `[Symbol.dispose]`): called once, when
 *   no handle to the servable is left, it frees all that `load` allocated. A servable with neither
 *   is left to the garbage collector.
 * - L6 Each `load` makes a servable of its own: disposing one does not harm another.
 * - L7 When the signal aborts, `load` rejects with the signal's reason as soon as it can. Work that
 *   cannot be interrupted may end first; a servable that comes late is disposed by the caller.
 * - L8 A missing or corrupt artefact rejects with a ServingError whose message has the path.
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
  /** An upper bound of what the loaded servable holds. Absent means that nothing is reserved. */
  estimateResources?(): Promise<Resources>;
  /**
   * Proves that `load` can be tried without harm to the process, for instance by loading in a child
   * process first. Runs before every first attempt to load; a rejection fails the version.
   */
  probe?(context: LoadContext): Promise<void>;
  load(context: LoadContext): Promise<S>;
}

/** Disposes a servable by the means that it has: asyncDispose, else dispose, else nothing. */
export async function unload(servable: unknown): Promise<void> {
  if (servable === null || (typeof servable !== "object" && typeof servable !== "function")) return;
  const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose } = servable as Partial<
    AsyncDisposable & Disposable
  >;
  if (disposeAsync) await disposeAsync.call(servable);
  else dispose?.call(servable);
}

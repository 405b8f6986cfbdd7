import type { Clock, LoadContext, Loader, Resources, ServableId } from "@serving-kit/core";
import { systemClock } from "@serving-kit/core";
import { type Deferred, deferred } from "./deferred.js";

/** How a FakeLoader behaves. */
export interface FakeLoaderOptions {
  /** The result of `estimateResources`. Default: the loader has no estimate. */
  readonly resources?: Resources;
  /** How long a load takes on the clock, in milliseconds. Default: it ends in the same turn. */
  readonly loadMs?: number;
  /** Default `systemClock`. */
  readonly clock?: Clock;
  /** Whether an aborted load rejects; if not, it goes on as native work does. Default true. */
  readonly honoursAbort?: boolean;
}

/** The servable that a FakeLoader loads: knows which load made it and whether it was unloaded. */
export interface FakeServable extends AsyncDisposable {
  readonly id: ServableId;
  /** 1 for the servable of the first load, 2 for that of the second … */
  readonly load: number;
  readonly isUnloaded: boolean;
}

/**
 * A Loader that loads nothing, counts everything, and fails or hangs when told to.
 *
 * ```ts
 * const loader = new FakeLoader();
 * loader.failLoads(2);
 * // … the manager tries three times …
 * assert.equal(loader.loads, 3);
 * assert.equal(loader.live, 1);
 * ```
 */
export class FakeLoader implements Loader<FakeServable> {
  /** How many loads have begun. */
  loads = 0;
  /** How many loads have begun and not ended. */
  loading = 0;
  /** How many unloads have begun, those of a servable that was unloaded before included. */
  unloads = 0;
  /** How many servables are loaded and not unloaded: zero at the end of a test that leaks nothing. */
  live = 0;
  readonly estimateResources?: () => Promise<Resources>;
  readonly #options: FakeLoaderOptions;
  #loadFailures = 0;
  #loadError: unknown;
  #unloadError: unknown;
  #loadGate: Deferred<void> | undefined;
  #unloadGate: Deferred<void> | undefined;

  constructor(options: FakeLoaderOptions = {}) {
    this.#options = options;
    const { resources } = options;
    if (resources !== undefined) this.estimateResources = async () => resources;
  }

  /** Makes the next loads fail: so many of them, by default all until told `failLoads(0)`. */
  failLoads(times = Number.POSITIVE_INFINITY, error: unknown = new Error("load failed")): void {
    this.#loadFailures = times;
    this.#loadError = error;
  }

  /** Makes unloads fail, after they have freed the servable; `undefined` ends it. */
  failUnloads(error: unknown = new Error("unload failed")): void {
    this.#unloadError = error;
  }

  /** Makes loads wait until `finishLoads`. */
  hangLoads(): void {
    this.#loadGate ??= deferred();
  }

  /** Ends the waiting of loads, of those under way too. */
  finishLoads(): void {
    this.#loadGate?.resolve();
    this.#loadGate = undefined;
  }

  /** Makes unloads wait until `finishUnloads`. */
  hangUnloads(): void {
    this.#unloadGate ??= deferred();
  }

  /** Ends the waiting of unloads, of those under way too. */
  finishUnloads(): void {
    this.#unloadGate?.resolve();
    this.#unloadGate = undefined;
  }

  /** See `Loader.load`. */
  async load({ id, signal }: LoadContext): Promise<FakeServable> {
    const { honoursAbort = true } = this.#options;
    const load = ++this.loads;
    this.loading++;
    try {
      if (honoursAbort) signal.throwIfAborted();
      await (honoursAbort ? untilAborted(signal, this.#work()) : this.#work());
      if (this.#loadFailures > 0) {
        this.#loadFailures--;
        throw this.#loadError;
      }
      this.live++;
      return this.#servable(id, load);
    } finally {
      this.loading--;
    }
  }

  async #work(): Promise<void> {
    const { loadMs = 0, clock = systemClock } = this.#options;
    if (loadMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, loadMs));
    await this.#loadGate?.promise;
  }

  #servable(id: ServableId, load: number): FakeServable {
    let isUnloaded = false;
    const dispose = async () => {
      this.unloads++;
      await this.#unloadGate?.promise;
      if (!isUnloaded) this.live--;
      isUnloaded = true;
      if (this.#unloadError !== undefined) throw this.#unloadError;
    };
    return {
      id,
      load,
      get isUnloaded() {
        return isUnloaded;
      },
      [Symbol.asyncDispose]: dispose,
    };
  }
}

async function untilAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  let abort!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

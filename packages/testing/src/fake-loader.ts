import type { Clock, LoadContext, Loader, Resources, ServableId } from "@serving-kit/core";
import { systemClock } from "@serving-kit/core";
import { type Deferred, deferred } from "./deferred.js";

/** Options for a FakeLoader. */
export interface FakeLoaderOptions {
  /** The result of `estimateResources`. Default: the loader has no estimate. */
  readonly resources?: Resources;
  /** Duration of a load on the clock in ms. Default: it ends in the same turn. */
  readonly loadMs?: number;
  /** Default `systemClock`. */
  readonly clock?: Clock;
  /** True if an aborted load rejects. If not, it continues, like native work. Default true. */
  readonly honoursAbort?: boolean;
}

/** The servable that a FakeLoader loads. It records which load created it and whether it was unloaded. */
export interface FakeServable extends AsyncDisposable {
  readonly id: ServableId;
  /** 1 for the servable of the first load, 2 for the second … */
  readonly load: number;
  readonly isUnloaded: boolean;
}

/**
 * A Loader that loads nothing, counts calls, and fails or hangs on request.
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
  /** Number of loads that have started. */
  loads = 0;
  /** Number of loads in progress. */
  loading = 0;
  /** Number of unloads that have started, including repeated unloads of a servable. */
  unloads = 0;
  /** Number of loaded servables; 0 at the end of a test that leaks nothing. */
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

  /** Makes the next `times` loads fail; by default all loads until `failLoads(0)`. */
  failLoads(times = Number.POSITIVE_INFINITY, error: unknown = new Error("load failed")): void {
    this.#loadFailures = times;
    this.#loadError = error;
  }

  /** Makes unloads fail after they have freed the servable; `undefined` stops it. */
  failUnloads(error: unknown = new Error("unload failed")): void {
    this.#unloadError = error;
  }

  /** Makes loads wait until `finishLoads`. */
  hangLoads(): void {
    this.#loadGate ??= deferred();
  }

  /** Ends the wait of loads, including those in progress. */
  finishLoads(): void {
    this.#loadGate?.resolve();
    this.#loadGate = undefined;
  }

  /** Makes unloads wait until `finishUnloads`. */
  hangUnloads(): void {
    this.#unloadGate ??= deferred();
  }

  /** Ends the wait of unloads, including those in progress. */
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

import { InFlight, Semaphore } from "@serving-kit/core";

/** Options of `LimitedRuns`, for calls of type `C`. */
export interface LimitedRunsOptions<C, R> {
  /** Maximum number of runs at a time: an integer >= 1. */
  readonly limit: number;
  /** Runs a call. */
  run(call: C): R | Promise<R>;
  /** Returns whether a call needs no place, because something else limits its run. Default: no call. */
  isFree?(call: C): boolean;
  /** Called when a waiting call gets its place, before it runs. If it throws, the call rejects. */
  onTurn(call: C): void;
}

/**
 * Limits the number of concurrent runs, and counts them. A call that finds no free place waits in order of arrival. Its
 * place is released when its run has ended.
 */
export class LimitedRuns<C, R> {
  readonly #options: LimitedRunsOptions<C, R>;
  readonly #places: Semaphore;
  readonly #inFlight = new InFlight();

  /** @throws RangeError if the limit is not an integer >= 1. */
  constructor(options: LimitedRunsOptions<C, R>) {
    this.#options = options;
    this.#places = new Semaphore(options.limit);
  }

  /** Runs a call, and returns its result: synchronously, if a place is free. */
  run(call: C): R | Promise<R> {
    this.#inFlight.begin();
    if (this.#options.isFree?.(call)) return this.#runNow(call, this.#endFree);
    const place = this.#places.acquire();
    return place === undefined ? this.#runNow(call) : place.then(() => this.#runInTurn(call));
  }

  /** Resolves when no run is in progress and none waits; undefined if that is so now. Call it once. */
  idle(): Promise<void> | undefined {
    return this.#inFlight.idle();
  }

  #runInTurn(call: C): R | Promise<R> {
    try {
      this.#options.onTurn(call);
    } catch (error) {
      this.#leave();
      throw error;
    }
    return this.#runNow(call);
  }

  #runNow(call: C, end = this.#leave): R | Promise<R> {
    let result: R | Promise<R> | undefined;
    try {
      result = this.#options.run(call);
      return result instanceof Promise ? result.finally(end) : result;
    } finally {
      if (!(result instanceof Promise)) end();
    }
  }

  readonly #leave = (): void => {
    this.#places.release();
    this.#inFlight.end();
  };

  readonly #endFree = (): void => this.#inFlight.end();
}

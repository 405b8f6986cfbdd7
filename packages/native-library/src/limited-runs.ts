import { InFlight, Semaphore } from "@serving-kit/core";

/** The runs of the calls `C`. */
export interface LimitedRunsOptions<C, R> {
  /** Maximum number of runs at a time: an integer >= 1. */
  readonly limit: number;
  /** Runs a call. */
  run(call: C): R | Promise<R>;
  /** Called when a call that had to wait has got its place, before it runs. If it throws, the call rejects. */
  onTurn(call: C): void;
}

/**
 * Bounds how many runs there are at a time, and counts them. A call that finds no place waits in the order of arrival;
 * its place is free again when its run has ended.
 */
export class LimitedRuns<C, R> {
  readonly #options: LimitedRunsOptions<C, R>;
  readonly #places: Semaphore;
  readonly #inFlight = new InFlight();

  /** @throws RangeError for another limit. */
  constructor(options: LimitedRunsOptions<C, R>) {
    this.#options = options;
    this.#places = new Semaphore(options.limit);
  }

  /** Runs a call, and returns what the run does: in this turn, if there is a place. */
  run(call: C): R | Promise<R> {
    this.#inFlight.begin();
    const place = this.#places.acquire();
    return place === undefined ? this.#runNow(call) : place.then(() => this.#runInTurn(call));
  }

  /** Resolves when no run is in progress and none waits; undefined if so now. Call it once. */
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

  #runNow(call: C): R | Promise<R> {
    let result: R | Promise<R> | undefined;
    try {
      result = this.#options.run(call);
      return result instanceof Promise ? result.finally(() => this.#leave()) : result;
    } finally {
      if (!(result instanceof Promise)) this.#leave();
    }
  }

  #leave(): void {
    this.#places.release();
    this.#inFlight.end();
  }
}

import { type Abortable, unwatch, watch } from "./abort-watch.js";
import type { Clock } from "./clock.js";
import { deadlinesOf, type Expirable } from "./deadline-watch.js";

/** A time by which a promise must settle. */
export interface Deadline {
  readonly clock: Clock;
  /** The deadline on the clock. Infinity: none. */
  readonly atMs: number;
  /** Makes the error for a promise that is late. */
  readonly error: () => Error;
}

/** The limits of a wait for a promise. */
export interface SettleLimits {
  /** Rejects with its reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Default none. */
  readonly deadline?: Deadline | undefined;
}

/**
 * Settles as the promise does, or rejects at the first limit that is reached. Also rejects if the promise settles
 * after the deadline while a blocked event loop delays the timer. Later results of the promise are ignored.
 */
export function settleBy<T>(promise: PromiseLike<T>, limits: SettleLimits): Promise<T> {
  return new Promise((resolve, reject) => {
    const wait = new Wait(limits, resolve, reject);
    wait.begin();
    promise.then(
      (value) => wait.resolve(value),
      (error: unknown) => wait.reject(error),
    );
  });
}

class Wait<T> implements Abortable, Expirable {
  readonly atMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: Deadline | undefined;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    { signal, deadline }: SettleLimits,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.atMs = deadline?.atMs ?? Number.POSITIVE_INFINITY;
    this.#signal = signal;
    this.#deadline = deadline;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const signal = this.#signal;
    if (signal?.aborted) this.#reject(signal.reason);
    else if (this.#isLate()) this.#reject(this.#deadline?.error());
    else {
      if (signal) watch(signal, this);
      if (this.#deadline && this.atMs < Infinity) deadlinesOf(this.#deadline.clock).add(this);
    }
  }

  resolve(value: T): void {
    this.#end();
    if (this.#isLate()) this.#reject(this.#deadline?.error());
    else this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  abort(): void {
    this.reject(this.#signal?.reason);
  }

  expire(): void {
    this.reject(this.#deadline?.error());
  }

  #isLate(): boolean {
    return this.#deadline !== undefined && this.#deadline.clock.now() >= this.atMs;
  }

  #end(): void {
    if (this.#signal) unwatch(this.#signal, this);
    if (this.#deadline) deadlinesOf(this.#deadline.clock).remove(this);
  }
}

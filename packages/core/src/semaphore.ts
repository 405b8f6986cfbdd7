import { WaitLine } from "./wait-line.js";

/** Limits the number of concurrent holders. Other callers wait in the order of arrival. */
export class Semaphore {
  readonly #line = new WaitLine<void>();
  readonly #whenIdle: (() => void) | undefined;
  #limit: number;
  #held = 0;

  /**
   * @param limit An integer of at least 1, or Infinity.
   * @param whenIdle Called each time the last holder releases it and no caller waits.
   * @throws RangeError for another limit.
   */
  constructor(limit: number, whenIdle?: () => void) {
    this.#limit = checked(limit);
    this.#whenIdle = whenIdle;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Sets the limit. A higher limit admits waiting callers; a lower limit takes effect as holders release. */
  set limit(limit: number) {
    this.#limit = checked(limit);
    this.#admit();
  }

  /** Number of holders. */
  get held(): number {
    return this.#held;
  }

  /** Number of waiting callers. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Acquires it if it is free and no caller waits. */
  tryAcquire(): boolean {
    if (this.#held >= this.#limit || this.#line.length > 0) return false;
    this.#held++;
    return true;
  }

  /**
   * Acquires it: immediately, returning undefined, or when the returned promise resolves. Rejects with the signal's
   * reason if the signal aborts first.
   */
  acquire(signal?: AbortSignal): Promise<void> | undefined {
    return this.tryAcquire() ? undefined : this.#line.wait(signal);
  }

  /** Releases it and admits the first waiting caller. */
  release(): void {
    this.#held--;
    this.#admit();
    if (this.#held === 0) this.#whenIdle?.();
  }

  /** Runs a task while it holds the semaphore, and settles as the task does. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await task();
    } finally {
      this.release();
    }
  }

  #admit(): void {
    while (this.#held < this.#limit && this.#line.admit()) this.#held++;
  }
}

function checked(limit: number): number {
  if ((Number.isSafeInteger(limit) && limit >= 1) || limit === Number.POSITIVE_INFINITY)
    return limit;
  throw new RangeError(`limit must be an integer >= 1; got ${limit}`);
}

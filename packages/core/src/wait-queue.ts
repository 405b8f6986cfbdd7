interface Waiter {
  readonly tryEnter: () => boolean;
  readonly admit: () => void;
  /** Whether it was admitted or gave up, and merely has not been taken off the queue. */
  isGone: boolean;
}

/**
 * Callers that wait, in order of arrival, until there is room for them. Internal.
 *
 * What room means is the caller's: `tryEnter` takes it and answers true, or leaves all as it was
 * and answers false.
 */
export class WaitQueue {
  /** Those before `#head` are gone. */
  #waiting: Waiter[] = [];
  #head = 0;
  #size = 0;

  /** How many callers wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Waits until a `wake` finds that `tryEnter` answers true. It is not called before the first wake:
   * try first, and wait only when that failed. Rejects with the signal's reason.
   */
  wait(tryEnter: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = () => {
        this.#remove(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        tryEnter,
        admit: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
        isGone: false,
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
      this.#size++;
    });
  }

  /** Admits from the front until one has no room. */
  wakeInOrder(): void {
    while (this.#size > 0) {
      const waiter = this.#waiting[this.#head] as Waiter;
      if (!waiter.isGone && !this.#admit(waiter)) break;
      this.#head++;
    }
    this.#tidy();
  }

  /** Admits every waiter that fits, including those behind one that does not. */
  wakeAll(): void {
    for (const waiter of this.#waiting.slice(this.#head)) if (!waiter.isGone) this.#admit(waiter);
    this.#tidy();
  }

  #admit(waiter: Waiter): boolean {
    if (!waiter.tryEnter()) return false;
    this.#remove(waiter);
    waiter.admit();
    return true;
  }

  #remove(waiter: Waiter): void {
    waiter.isGone = true;
    this.#size--;
  }

  /** Takes those who are gone off the queue, when they are many. */
  #tidy(): void {
    if (this.#waiting.length < 2 * this.#size + 32) return;
    this.#waiting = this.#waiting.filter((waiter) => !waiter.isGone);
    this.#head = 0;
  }
}

interface Waiter {
  readonly tryEnter: () => boolean;
  readonly admit: () => void;
  /** True if the caller was admitted or stopped waiting, but has not been removed from the queue yet. */
  isGone: boolean;
}

/**
 * Callers that wait, in order of arrival, until there is room for them. Internal.
 *
 * The caller defines what room is: `tryEnter` takes room and returns true, or changes nothing and returns false.
 */
export class WaitQueue {
  /** Entries before `#head` were removed. */
  #waiting: Waiter[] = [];
  #head = 0;
  #size = 0;

  /** Number of waiting callers. */
  get size(): number {
    return this.#size;
  }

  /**
   * Waits until `tryEnter` returns true in a `wake`. `tryEnter` is not called before the first wake: call it first,
   * and wait only if it returned false. Rejects with the signal's reason.
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

  /** Admits callers from the front until one does not fit. */
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

  /** Removes callers that no longer wait from the queue, if there are many. */
  #tidy(): void {
    if (this.#waiting.length < 2 * this.#size + 32) return;
    this.#waiting = this.#waiting.filter((waiter) => !waiter.isGone);
    this.#head = 0;
  }
}

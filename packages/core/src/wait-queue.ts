interface Waiter {
  readonly tryEnter: () => boolean;
  readonly admit: () => void;
}

/**
 * Callers that wait, in order of arrival, until there is room for them. Internal.
 *
 * What room means is the caller's: `tryEnter` takes it and answers true, or leaves all as it was
 * and answers false.
 */
export class WaitQueue {
  readonly #waiting = new Set<Waiter>();

  /** How many callers wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits until a `wake` finds that `tryEnter` answers true. It is not called before the first wake:
   * try first, and wait only when that failed. Rejects with the signal's reason.
   */
  wait(tryEnter: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = () => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        tryEnter,
        admit: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** Admits from the front until one has no room. */
  wakeInOrder(): void {
    for (const waiter of this.#waiting) if (!this.#admit(waiter)) return;
  }

  /** Admits everyone for whom there is room, also those behind one for whom there is not. */
  wakeAll(): void {
    for (const waiter of this.#waiting) this.#admit(waiter);
  }

  #admit(waiter: Waiter): boolean {
    if (!waiter.tryEnter()) return false;
    this.#waiting.delete(waiter);
    waiter.admit();
    return true;
  }
}

/** A number of slots that can be held at the same time, given in order of asking. Internal. */
export class Slots {
  readonly #queue = new WaitQueue();
  readonly #whenIdle: (() => void) | undefined;
  #limit: number;
  #held = 0;

  /** `whenIdle` is called whenever the last slot is given back and nobody waits. */
  constructor(limit: number, whenIdle?: () => void) {
    this.#limit = limit;
    this.#whenIdle = whenIdle;
  }

  set limit(limit: number) {
    this.#limit = limit;
    this.#queue.wakeInOrder();
  }

  /** Takes a slot if one is free and nobody waits for it. */
  tryTake = (): boolean => {
    if (this.#held >= this.#limit) return false;
    this.#held++;
    return true;
  };

  /** Waits for a slot. Rejects with the signal's reason. */
  wait(signal?: AbortSignal): Promise<void> {
    return this.#queue.wait(this.tryTake, signal);
  }

  /** Gives a slot back. */
  give(): void {
    this.#held--;
    this.#queue.wakeInOrder();
    if (this.#held === 0) this.#whenIdle?.();
  }
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Callers that wait for a value, served in the order of arrival. */
export class WaitLine<T> {
  readonly #waiters = new Set<Waiter<T>>();

  get length(): number {
    return this.#waiters.size;
  }

  /** Waits at the end of the line. If the signal aborts, leaves the line and rejects with the signal's reason. */
  wait(signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiters.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter<T> = {
        resolve(value) {
          signal?.removeEventListener("abort", leave);
          resolve(value);
        },
        reject(error) {
          signal?.removeEventListener("abort", leave);
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** Passes a value to the first caller in line. Returns false if no caller waits. */
  admit(value: T): boolean {
    const [first] = this.#waiters;
    if (first === undefined) return false;
    this.#waiters.delete(first);
    first.resolve(value);
    return true;
  }

  /** Rejects the first caller in line. Returns false if no caller waits. */
  refuse(error: unknown): boolean {
    const [first] = this.#waiters;
    if (first === undefined) return false;
    this.#waiters.delete(first);
    first.reject(error);
    return true;
  }
}

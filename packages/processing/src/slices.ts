/** A work that yields after each slice: about half a millisecond of computing. */
export type Sliced<T> = Generator<void, T>;

interface Waiting {
  /** Runs the next slice. Returns whether the work has ended. */
  readonly step: () => boolean;
}

/**
 * Runs works in slices, one slice in each turn of the event loop, the oldest work first: no turn computes longer than
 * one slice, regardless of how many works wait.
 */
export class Slices {
  readonly #waiting: Waiting[] = [];
  #isScheduled = false;

  /** Runs a work to its end. @throws the signal's reason if it aborts meanwhile; what the work throws. */
  run<T>(work: Sliced<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          signal?.throwIfAborted();
          const { done, value } = work.next();
          if (done) resolve(value);
          return done ?? false;
        } catch (error) {
          reject(error);
          return true;
        }
      };
      this.#waiting.push({ step });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    // Not a time to wait for, so not of the Clock.
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting[0]?.step()) this.#waiting.shift();
      this.#schedule();
    });
  }
}

/** The works of this thread. */
export const slices = new Slices();

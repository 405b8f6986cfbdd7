/** A task that yields after each slice of about half a millisecond of computing. */
export type Sliced<T> = Generator<void, T>;

interface Waiting {
  /** Runs the next slice. Returns whether the work has ended. */
  readonly step: () => boolean;
}

/**
 * Runs tasks in slices, one slice in each turn of the event loop, oldest task first. A turn computes at most one slice,
 * regardless of the number of waiting tasks.
 */
export class Slices {
  readonly #waiting: Waiting[] = [];
  #isScheduled = false;

  /** Runs a task to its end. @throws the signal's reason if it aborts meanwhile; errors of the task. */
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
    // Not a delay, so not from the Clock.
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting[0]?.step()) this.#waiting.shift();
      this.#schedule();
    });
  }
}

/** The tasks of this thread. */
export const slices = new Slices();

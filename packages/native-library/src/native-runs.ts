import { Semaphore } from "@serving-kit/core";

/** libuv's pool has 4 threads unless `UV_THREADPOOL_SIZE` is set; the maximum is 1,024. */
const POOL_SIZE = 4;
const MAX_POOL_SIZE = 1_024;

/** koffi's limit of concurrent calls, less some for calls that are not runs. */
const MAX_LIMIT = 240;

/**
 * Limits the native runs on threads.
 *
 * - NR1 At most `limit` runs hold a place. The others wait in order of arrival.
 * - NR2 A run that continues after its call has ended (`abandon`) keeps its place until it ends, as long as another
 *   place is left.
 * - NR3 At least one place is reserved for runs that are not abandoned.
 */
export class NativeRuns {
  readonly limit: number;
  readonly #places: Semaphore;
  #abandoned = 0;

  /** @throws RangeError if the limit is neither an integer >= 1 nor Infinity. */
  constructor(limit: number) {
    this.limit = limit;
    this.#places = new Semaphore(limit);
  }

  /** Number of runs that hold a place, including abandoned runs. */
  get held(): number {
    return this.#places.held;
  }

  /** Number of runs that wait for a place. */
  get waiting(): number {
    return this.#places.waiting;
  }

  /** Acquires a place: immediately, returning undefined, or when the promise resolves. */
  acquire(): Promise<void> | undefined {
    return this.#places.acquire();
  }

  /** Records that the call of a run has ended, while the run continues and holds its place. */
  abandon(): void {
    this.#abandoned++;
    this.#admit();
  }

  /** Releases the place of a run that has ended. */
  release(isAbandoned = false): void {
    if (isAbandoned) {
      this.#abandoned--;
      this.#admit();
    }
    this.#places.release();
  }

  #admit(): void {
    this.#places.limit = Math.max(this.limit, this.#abandoned + 1);
  }
}

/**
 * The runs off the event loop of this thread. The limit is the size of libuv's pool, less one thread for the file
 * system and DNS, and at least 1. Start Node with `UV_THREADPOOL_SIZE` to raise it. koffi rejects more than 256 calls
 * at a time. Every worker thread has its own limit, but all share the process's pool.
 */
export const nativeRuns = new NativeRuns(defaultRunLimit(process.env.UV_THREADPOOL_SIZE));

/** Returns the limit for a value of `UV_THREADPOOL_SIZE`. */
export function defaultRunLimit(poolSize: string | undefined): number {
  const asked = Number.parseInt(poolSize ?? "", 10);
  const size = asked >= 1 ? Math.min(asked, MAX_POOL_SIZE) : POOL_SIZE;
  return Math.min(Math.max(size - 1, 1), MAX_LIMIT);
}

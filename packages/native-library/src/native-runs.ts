import { Semaphore } from "@serving-kit/core";

/** libuv's pool: 4 threads unless `UV_THREADPOOL_SIZE` says otherwise; at most 1,024. */
const POOL_SIZE = 4;
const MAX_POOL_SIZE = 1_024;

/** koffi's bound, less some for calls that are not runs. */
const MAX_LIMIT = 240;

/**
 * Bounds the native runs that are on threads.
 *
 * - NR1 At most `limit` runs hold a place. The others wait in the order of arrival.
 * - NR2 A run that continues after its call has ended (`abandon`) keeps its place until it ends, while another place is
 *   left.
 * - NR3 One place at least is for runs that are not abandoned.
 */
export class NativeRuns {
  readonly limit: number;
  readonly #places: Semaphore;
  #abandoned = 0;

  /** @throws RangeError if the limit is neither an integer of at least 1 nor Infinity. */
  constructor(limit: number) {
    this.limit = limit;
    this.#places = new Semaphore(limit);
  }

  /** How many runs hold a place, abandoned ones included. */
  get held(): number {
    return this.#places.held;
  }

  /** How many runs wait for a place. */
  get waiting(): number {
    return this.#places.waiting;
  }

  /** Acquires a place: immediately, with undefined, or when the promise resolves. */
  acquire(): Promise<void> | undefined {
    return this.#places.acquire();
  }

  /** The call of a run that holds a place has ended, and the run continues. */
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
 * The runs off the event loop of this thread: as many as libuv's pool has threads, less one for the file system and DNS,
 * at least 1. koffi refuses more than 256 calls at a time. Start Node with `UV_THREADPOOL_SIZE` set to raise it. Every
 * worker thread has a bound of its own, but the pool is the process's.
 */
export const nativeRuns = new NativeRuns(defaultRunLimit(process.env.UV_THREADPOOL_SIZE));

/** The bound that goes with a value of `UV_THREADPOOL_SIZE`. */
export function defaultRunLimit(poolSize: string | undefined): number {
  const asked = Number.parseInt(poolSize ?? "", 10);
  const size = asked >= 1 ? Math.min(asked, MAX_POOL_SIZE) : POOL_SIZE;
  return Math.min(Math.max(size - 1, 1), MAX_LIMIT);
}

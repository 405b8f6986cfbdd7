import { WaitLine } from "./wait-line.js";

/**
 * A bound on the native runs in flight.
 *
 * Runs off the event loop use libuv's pool, which the file system and DNS share, and koffi refuses
 * more than 256 calls at a time. What exceeds the bound waits in the order of arrival.
 */
export class RunLimit {
  /** How many runs may be in flight. */
  readonly limit: number;
  readonly #line = new WaitLine<void>();
  #running = 0;

  constructor(limit: number) {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new RangeError(`limit must be an integer >= 1; got ${limit}`);
    }
    this.limit = limit;
  }

  /** Runs in flight. */
  get running(): number {
    return this.#running;
  }

  /** Runs that wait for a place. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Takes a place: at once, with undefined, or when the promise resolves. */
  enter(): Promise<void> | undefined {
    if (this.#running < this.limit && this.#line.length === 0) {
      this.#running++;
      return undefined;
    }
    return this.#line.wait();
  }

  /** Gives a place back, to the first who waits. */
  leave(): void {
    if (!this.#line.admit()) this.#running--;
  }
}

/** libuv's pool: 4 threads unless `UV_THREADPOOL_SIZE` says otherwise; at most 1,024. */
const POOL_SIZE = 4;
const MAX_POOL_SIZE = 1_024;

/** koffi's bound, less some for calls that are not runs. */
const MAX_LIMIT = 240;

/**
 * The bound of this thread's runs: libuv's pool less one thread, which stays free for files and
 * names, at least 1. Start Node with `UV_THREADPOOL_SIZE` set to raise it. Every worker thread has a
 * bound of its own, but the pool is the process's.
 */
export const nativeRuns = new RunLimit(defaultRunLimit(process.env.UV_THREADPOOL_SIZE));

/** The bound that goes with a value of `UV_THREADPOOL_SIZE`. */
export function defaultRunLimit(poolSize: string | undefined): number {
  const asked = Number.parseInt(poolSize ?? "", 10);
  const size = asked >= 1 ? Math.min(asked, MAX_POOL_SIZE) : POOL_SIZE;
  return Math.min(Math.max(size - 1, 1), MAX_LIMIT);
}

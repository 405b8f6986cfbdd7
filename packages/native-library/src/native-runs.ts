import { Semaphore } from "@serving-kit/core";

/** libuv's pool: 4 threads unless `UV_THREADPOOL_SIZE` says otherwise; at most 1,024. */
const POOL_SIZE = 4;
const MAX_POOL_SIZE = 1_024;

/** koffi's bound, less some for calls that are not runs. */
const MAX_LIMIT = 240;

/**
 * Bounds the native runs off the event loop of this thread: libuv's pool, which the file system and DNS
 * share, less one thread for these, at least 1. koffi refuses more than 256 calls at a time. Start Node with `UV_THREADPOOL_SIZE` set to raise it. Every worker thread has a
 * bound of its own, but the pool is the process's.
 */
export const nativeRuns = new Semaphore(defaultRunLimit(process.env.UV_THREADPOOL_SIZE));

/** The bound that goes with a value of `UV_THREADPOOL_SIZE`. */
export function defaultRunLimit(poolSize: string | undefined): number {
  const asked = Number.parseInt(poolSize ?? "", 10);
  const size = asked >= 1 ? Math.min(asked, MAX_POOL_SIZE) : POOL_SIZE;
  return Math.min(Math.max(size - 1, 1), MAX_LIMIT);
}

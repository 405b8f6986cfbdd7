/**
 * The time and the timers of a process. Every component that waits receives a Clock.
 *
 * Guarantees:
 * - K1 `now` is in milliseconds and never goes backwards. Only differences of its values are meaningful.
 * - K2 A callback runs at most once, never synchronously within the call that set it, and never
 *   after its Disposable was disposed.
 * - K3 Callbacks of `setTimeout` run in order of due time; with equal due times, in the order in which they were set.
 *
 * The library reads time and sets timers only through a Clock, so a `FakeClock` (`@serving-kit/testing`) makes every
 * waiting component deterministic.
 */
export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Calls back once `delayMs` milliseconds from now. Node's timers have a floor of about 1 ms. */
  setTimeout(callback: () => void, delayMs: number): Disposable;
  /** Calls back in a later turn of the event loop, as soon as possible. */
  setImmediate(callback: () => void): Disposable;
  /** The number of the turn of the event loop that runs now; undefined if the clock does not count turns. */
  readonly turn?: number | undefined;
  /** The CPU time in ms that all threads of the process have used; undefined if the clock does not know it. */
  readonly cpuMs?: number | undefined;
}

/** The longest delay of Node's own timers in ms, about 24.8 days. Timers with a longer delay fire immediately. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The clock of the process: `performance.now`, `setTimeout` and `setImmediate`.
 *
 * The globals are read at each call, so fake timers of a test framework take effect. A timer keeps the process alive
 * until it fires or is disposed. Delays can have any length.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout(callback, delayMs) {
    let timer: NodeJS.Timeout;
    const wait = (restMs: number) => {
      timer =
        restMs > MAX_DELAY_MS
          ? globalThis.setTimeout(() => wait(restMs - MAX_DELAY_MS), MAX_DELAY_MS)
          : globalThis.setTimeout(callback, restMs);
    };
    wait(delayMs);
    return { [Symbol.dispose]: () => globalThis.clearTimeout(timer) };
  },
  setImmediate(callback) {
    const immediate = globalThis.setImmediate(callback);
    return { [Symbol.dispose]: () => globalThis.clearImmediate(immediate) };
  },
  get turn() {
    return performance.nodeTiming.uvMetricsInfo?.loopCount; // Bun and Deno have no such number
  },
  get cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

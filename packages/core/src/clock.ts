/**
 * The time and timers of the process, passed in wherever a component waits.
 *
 * Guarantees:
 * - K1 `now` is in milliseconds, never goes backwards, and has no meaning but its differences.
 * - K2 A callback runs at most once, never synchronously within the call that set it, and never
 *   after its Disposable was disposed.
 * - K3 Callbacks of `setTimeout` run in order of due time; equal due times keep the order of setting.
 *
 * Nothing in the library reads time or sets a timer elsewhere, so a `FakeClock`
 * (`@serving-kit/testing`) makes every waiting component deterministic.
 */
export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Calls back once `delayMs` milliseconds from now. Node's timers have a floor of about 1 ms. */
  setTimeout(callback: () => void, delayMs: number): Disposable;
  /** Calls back in a later turn of the event loop, as soon as possible. */
  setImmediate(callback: () => void): Disposable;
}

/** The longest delay of Node's own timers in ms, about 24.8 days; beyond it they fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The clock of the process: `performance.now`, `setTimeout` and `setImmediate`.
 *
 * The globals are looked up at each call, so timers faked by a test framework are honoured. A
 * timer keeps the process alive until it fires or is disposed. Delays may be of any length.
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
};

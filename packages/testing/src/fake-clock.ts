import type { Clock } from "@serving-kit/core";
import { turn } from "./turn.js";

/** Maximum number of callbacks at one moment, above which `advance` reports an endless loop. */
const MAX_CALLBACKS_AT_ONE_MOMENT = 100_000;

interface Timer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

/**
 * A Clock for tests: time stands still until the test advances it.
 *
 * Callbacks run only within `advance`, one at a time. A turn of the event loop follows each callback, so that promises
 * that it started have settled before the next one runs. Work that waits for real I/O is not awaited.
 *
 * - Timers run when they are due; like Node's they wait at least 1 ms.
 * - Callbacks of `setImmediate` run at the next `advance`, before time moves. Within an `advance` they run as soon as
 *   the callback that set them has settled.
 *
 * ```ts
 * const clock = new FakeClock();
 * const scheduler = createScheduler({ batchTimeoutMs: 5, clock });
 * await clock.advance(4); // nothing yet
 * await clock.advance(1); // now
 * ```
 */
export class FakeClock implements Clock {
  #nowMs: number;
  #advanced: Promise<void> = Promise.resolve();
  // In the order in which they were set. A callback is in one of the sets until it runs or is disposed.
  readonly #timers = new Set<Timer>();
  readonly #immediates = new Set<Timer>();

  /** Creates a clock at a time in ms. Default 0. */
  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): Disposable {
    // Node treats a delay that is below 1 or not a number as 1.
    const dueAtMs = this.#nowMs + Math.max(delayMs || 1, 1);
    return put(this.#timers, { dueAtMs, callback });
  }

  setImmediate(callback: () => void): Disposable {
    return put(this.#immediates, { dueAtMs: this.#nowMs, callback });
  }

  /** Number of callbacks that have neither run nor been disposed; 0 if nothing leaks. */
  get pending(): number {
    return this.#timers.size + this.#immediates.size;
  }

  /** The time at which the next timer is due, or undefined if none is set. */
  get nextDueAtMs(): number | undefined {
    return this.#earliest()?.dueAtMs;
  }

  /**
   * Advances time by `ms` milliseconds (default 0: runs only callbacks that are due now) and runs the callbacks that
   * become due, in order of time. While a timer runs, `now` is its due time.
   *
   * Rejects with the error of a callback, without running later ones, or if the callbacks of one moment never end.
   * Concurrent calls run one after another.
   */
  advance(ms = 0): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) {
      throw new RangeError(`time advances by a finite number of ms >= 0; got ${ms}`);
    }
    const advanced = this.#advanced.then(() => this.#advanceTo(this.#nowMs + ms));
    this.#advanced = advanced.catch(() => {});
    return advanced;
  }

  async #advanceTo(untilMs: number): Promise<void> {
    let callbacks = 0;
    await turn();
    for (let next = this.#take(untilMs); next !== undefined; next = this.#take(untilMs)) {
      if (next.dueAtMs > this.#nowMs) {
        this.#nowMs = next.dueAtMs;
        callbacks = 0;
      }
      if (++callbacks > MAX_CALLBACKS_AT_ONE_MOMENT) {
        throw new Error(
          `${MAX_CALLBACKS_AT_ONE_MOMENT} callbacks ran at ${this.#nowMs} ms and set more; expected them to end`,
        );
      }
      next.callback();
      await turn();
    }
    this.#nowMs = untilMs;
  }

  #take(untilMs: number): Timer | undefined {
    const [immediate] = this.#immediates;
    if (immediate !== undefined) {
      this.#immediates.delete(immediate);
      return immediate;
    }
    const timer = this.#earliest();
    if (timer === undefined || timer.dueAtMs > untilMs) return undefined;
    this.#timers.delete(timer);
    return timer;
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.dueAtMs < earliest.dueAtMs) earliest = timer;
    }
    return earliest;
  }
}

function put(timers: Set<Timer>, timer: Timer): Disposable {
  timers.add(timer);
  return { [Symbol.dispose]: () => void timers.delete(timer) };
}

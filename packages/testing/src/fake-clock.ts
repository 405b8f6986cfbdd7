import type { Clock } from "@serving-kit/core";
import { turn } from "./turn.js";

/** How many callbacks may run at one moment before `advance` says that they will never end. */
const MAX_CALLBACKS_AT_ONE_MOMENT = 100_000;

interface Timer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

/**
 * The Clock of tests: time stands still until the test advances it.
 *
 * Callbacks run only within `advance`, one at a time, each followed by a turn of the event loop, so
 * that what a callback began has settled before the next one runs. Work that waits for real I/O is
 * not waited for.
 *
 * - Timers run when they are due; like Node's they wait at least 1 ms.
 * - Callbacks of `setImmediate` run at the next `advance`, before time moves, and within an `advance`
 *   as soon as the callback that set them has settled.
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
  // In the order of setting; a callback is in one of them until it runs or is disposed.
  readonly #timers = new Set<Timer>();
  readonly #immediates = new Set<Timer>();

  /** Makes a clock that stands at a time in milliseconds, 0 by default. */
  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): Disposable {
    // Node takes a delay that is below 1 or no number as 1.
    const dueAtMs = this.#nowMs + Math.max(delayMs || 1, 1);
    return put(this.#timers, { dueAtMs, callback });
  }

  setImmediate(callback: () => void): Disposable {
    return put(this.#immediates, { dueAtMs: this.#nowMs, callback });
  }

  /** How many callbacks are set and have neither run nor been disposed: zero when nothing leaks. */
  get pending(): number {
    return this.#timers.size + this.#immediates.size;
  }

  /** When the next timer is due, or undefined when none is set. */
  get nextDueAtMs(): number | undefined {
    return this.#earliest()?.dueAtMs;
  }

  /**
   * Moves time forward by milliseconds (0 by default: only what is due now) and runs what becomes
   * due, in order of time; `now` is the due time of a timer while it runs.
   *
   * Rejects with what a callback threw, the later ones not run, and when callbacks of one moment
   * never end. Calls made while another is under way follow one another.
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

import { type Clock, delay } from "@serving-kit/core";

/** How many listings may start at the same time, and how many more a second: fewer than 50 in any second. */
const BURST = 24;
const PER_SECOND = 25;

/** Spreads listings over time, so that a thousand models do not ask at once. */
export class ListingPace {
  readonly #clock: Clock;
  /** The time until which listings are spoken for, if one every 1,000 / PER_SECOND ms starts. */
  #spokenForMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when a listing may start, or once the signal aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const stepMs = 1_000 / PER_SECOND;
    const nowMs = this.#clock.now();
    this.#spokenForMs = Math.max(this.#spokenForMs, nowMs) + stepMs;
    const waitMs = this.#spokenForMs - nowMs - BURST * stepMs;
    if (waitMs > 0) await delay(this.#clock, waitMs, signal);
  }
}

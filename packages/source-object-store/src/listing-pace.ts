import { type Clock, delay } from "@serving-kit/core";

/** The number of listings that may start at a time, and per second after that: fewer than 50 in any second. */
const BURST = 24;
const PER_SECOND = 25;

/** Paces listings, so that a thousand models do not list at the same time. */
export class ListingPace {
  readonly #clock: Clock;
  /** The time until which all starts of listings are reserved, at one per 1,000 / PER_SECOND ms. */
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

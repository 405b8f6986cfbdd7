import type { Clock } from "@serving-kit/core";

/**
 * One timer for many times: it fires at the earliest requested time, and must then be set again. It may fire early.
 */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #onWake: () => void;
  #timer: Disposable | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, onWake: () => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  /** Requests a wake-up at a time, rounded up to whole milliseconds from now. */
  wakeAt(atMs: number, nowMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#timer?.[Symbol.dispose]();
    this.#atMs = atMs;
    // A computed time may have a rounding error, which must not cost a millisecond.
    const delayMs = Math.ceil(Math.max(atMs - nowMs, 1) - 1e-6);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#onWake();
    }, delayMs);
  }

  clear(): void {
    if (this.#timer === undefined) return;
    this.#timer[Symbol.dispose]();
    this.#timer = undefined;
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}

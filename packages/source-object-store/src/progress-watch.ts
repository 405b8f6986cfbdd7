import type { Clock } from "@serving-kit/core";

/** Calls back once if there was no progress for a time. */
export class ProgressWatch implements Disposable {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onStall: () => void;
  #lastMs: number;
  #timer: Disposable;

  constructor(clock: Clock, limitMs: number, onStall: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onStall = onStall;
    this.#lastMs = clock.now();
    this.#timer = clock.setTimeout(() => this.#check(), limitMs);
  }

  /** Records progress. */
  progress(): void {
    this.#lastMs = this.#clock.now();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #check(): void {
    const quietMs = this.#clock.now() - this.#lastMs;
    if (quietMs >= this.#limitMs) this.#onStall();
    else this.#timer = this.#clock.setTimeout(() => this.#check(), this.#limitMs - quietMs);
  }
}

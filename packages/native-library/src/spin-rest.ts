/** A yield of the core that takes longer than this, in ms, shows that something else used it meanwhile. */
const LONG_MS = 0.5;

/**
 * The time in ms that long yields may take at once, and per ms in the long run: the engine's own threads, which compile
 * and collect garbage, cause some on any machine.
 */
const BURST_MS = 10;
const SHARE = 0.1;

/** The first rest in ms; doubled each time that the next one comes soon after it. */
const FIRST_MS = 100;
const MAX_MS = 3_200;

/**
 * Turns spins off on a loaded machine: there, a thread that yields the core gets it back after the time slice of
 * another program, while a thread that sleeps is woken sooner.
 */
export class SpinRest {
  #until = Number.NEGATIVE_INFINITY;
  #restMs = FIRST_MS;
  #allowedMs = BURST_MS;
  #lastAt = 0;

  /** Returns whether spins are off. */
  isOn(now: number): boolean {
    return now < this.#until;
  }

  /** Records a yield. */
  yielded(from: number, to: number): void {
    if (to - from <= LONG_MS) return;
    const allowedMs = Math.min(BURST_MS, this.#allowedMs + SHARE * (from - this.#lastAt));
    this.#allowedMs = allowedMs - (to - from);
    this.#lastAt = to;
    if (this.#allowedMs >= 0) return;
    this.#allowedMs = 0;
    const isSoon = to - this.#until < this.#restMs;
    this.#restMs = isSoon ? Math.min(2 * this.#restMs, MAX_MS) : FIRST_MS;
    this.#until = to + this.#restMs;
  }
}

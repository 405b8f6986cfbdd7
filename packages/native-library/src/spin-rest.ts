/** A yield of the core that takes longer than this, in ms, shows that another program used it meanwhile. */
const LONG_MS = 0.05;

/** The first rest in ms; doubled each time that the next long yield comes soon after the rest. */
const FIRST_MS = 100;
const MAX_MS = 3_200;

/**
 * Turns spins off on a loaded machine: there, a thread that yields the core gets it back after the time slice of
 * another program, while a thread that sleeps is woken sooner.
 */
export class SpinRest {
  #until = Number.NEGATIVE_INFINITY;
  #restMs = FIRST_MS;

  /** Returns whether spins are off. */
  isOn(now: number): boolean {
    return now < this.#until;
  }

  /** Records a yield. */
  yielded(from: number, to: number): void {
    if (to - from <= LONG_MS) return;
    const isSoon = to - this.#until < this.#restMs;
    this.#restMs = isSoon ? Math.min(2 * this.#restMs, MAX_MS) : FIRST_MS;
    this.#until = to + this.#restMs;
  }
}

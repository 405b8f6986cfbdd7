import { availableParallelism } from "node:os";
import type { Clock } from "@serving-kit/core";

/** The weight of one batch in the moving average. */
const WEIGHT = 1 / 4;

/** The part of a batch that may stay without a core: on two cores, a second batch runs if one uses at most 1.5. */
const SLACK = 1 / 3;

/** Number of batches between measurements if several run at a time. */
const INTERVAL = 64;

/** Number of batches after which a measurement is given up, because batches of other queues run too. */
const ATTEMPTS = 8;

/**
 * Limits the batches of a queue that run at a time to the number that the machine has cores for.
 *
 * A run that splits its ops among all cores gains nothing from a second run at its side: both take twice as long, and
 * the tasks of both would have taken hardly longer in one batch. A run on one core leaves the others free. The number
 * of cores that a run uses is the CPU time of the process during a run without others, divided by its duration. It is
 * measured again from time to time, by batches that run one at a time.
 */
export class CoreUse {
  readonly #clock: Clock;
  readonly #cores: number;
  readonly #isMeasurable: boolean;
  /** The moving average of the number of cores that a batch uses. */
  #used: number | undefined;
  /** Number of batches before the next measurement. */
  #left = 0;
  #attempts = 0;
  #startCpuMs = 0;
  /** The number of the only running batch. */
  #only: number | undefined;

  constructor(clock: Clock, cores = availableParallelism()) {
    this.#clock = clock;
    this.#cores = cores;
    this.#isMeasurable = "cpuMs" in clock;
  }

  /** The maximum number of batches that gain from running at a time. */
  get limit(): number {
    if (!this.#isMeasurable) return Number.POSITIVE_INFINITY;
    if (this.#left === 0) return 1;
    if (this.#used === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.ceil(this.#cores / this.#used - SLACK));
  }

  /** Records the start of a batch, with its number among all batches of the pool. */
  started(number: number, isOnly: boolean): void {
    const cpuMs = isOnly ? this.#clock.cpuMs : undefined;
    this.#only = cpuMs === undefined ? undefined : number;
    this.#startCpuMs = cpuMs ?? 0;
  }

  /** Records the end of a batch of several tasks. `number` is the number of the last batch that started in the pool. */
  ended(number: number, runMs: number): void {
    const cpuMs = this.#only === number ? this.#clock.cpuMs : undefined;
    this.#only = undefined;
    if (cpuMs !== undefined && runMs > 0) {
      const used = (cpuMs - this.#startCpuMs) / runMs;
      this.#used = this.#used === undefined ? used : this.#used + WEIGHT * (used - this.#used);
      this.#left = INTERVAL;
      this.#attempts = 0;
    } else if (this.#left > 0) this.#left--;
    else if (++this.#attempts === ATTEMPTS) {
      this.#left = INTERVAL;
      this.#attempts = 0;
    }
  }
}

import { availableParallelism } from "node:os";
import type { Clock } from "@serving-kit/core";

/** The weight of one batch in the moving average. */
const WEIGHT = 1 / 4;

/** The part of a batch that may stay without a core: on two cores, a second batch runs if one uses less than 1.5. */
const SLACK = 1 / 3;

/** Number of batches that run one at a time until one of them was measured. Afterwards all slots are used. */
const ATTEMPTS = 8;

/**
 * Limits the batches of a queue that run at a time to the number that the machine has cores for.
 *
 * A run that splits its ops among all cores gains nothing from a second run at its side: both take twice as long, and
 * the tasks of both would have taken hardly longer in one batch. A run on one core leaves the others free. The number
 * of cores that a run uses is the CPU time of the process during a run without others, divided by its duration. It is
 * measured whenever a batch of several tasks happens to run alone.
 */
export class CoreUse {
  readonly #clock: Clock;
  readonly #cores: number;
  readonly #isMeasurable: boolean;
  /** The moving average of the number of cores that a batch uses. */
  #used: number | undefined;
  #attempts = 0;
  #startCpuMs = 0;
  /** The number of the only running batch. */
  #only: number | undefined;

  constructor(clock: Clock, cores = availableParallelism()) {
    this.#clock = clock;
    this.#cores = cores;
    this.#isMeasurable = clock.cpuMs !== undefined;
  }

  /** The maximum number of batches that gain from running at a time. */
  get limit(): number {
    if (this.#used === undefined) {
      return this.#isMeasurable && this.#attempts < ATTEMPTS ? 1 : Number.POSITIVE_INFINITY;
    }
    return Math.max(1, Math.ceil(this.#cores / this.#used - SLACK));
  }

  /** Records the start of a batch, with its number among all batches of the pool. */
  started(number: number, isOnly: boolean): void {
    const cpuMs = isOnly ? this.#clock.cpuMs : undefined;
    this.#only = cpuMs === undefined ? undefined : number;
    this.#startCpuMs = cpuMs ?? 0;
  }

  /** Records the end of a batch. `number` is the number of the last batch that started in the pool. */
  ended(number: number, tasks: number, runMs: number): void {
    const isAlone = this.#only === number && tasks > 1 && runMs > 0;
    const cpuMs = isAlone ? this.#clock.cpuMs : undefined;
    this.#only = undefined;
    if (cpuMs === undefined) this.#attempts++;
    else {
      const used = (cpuMs - this.#startCpuMs) / runMs;
      this.#used = this.#used === undefined ? used : this.#used + WEIGHT * (used - this.#used);
    }
  }
}

import type { StartedBatch } from "./batch-event.js";

/** Shorter batches end before a timer could fire. */
const MIN_RUN_MS = 4;

/** The shares of the usual run time before and after the expected end in which a batch that is not full waits. */
const BEFORE = 1 / 4;
const AFTER = 1 / 8;

/** The share of a batch's run time after its end in which its callers may call again. */
const RETURN = 1 / 4;

/** Maximum of that time in ms: the way back over the network does not grow with the run. */
const MAX_RETURN_MS = 100;

/** The average share of callers that must have called again in this time for others to wait for them. */
const MIN_RETURNED = 1 / 2;

/** The weight of one batch in the moving averages. */
const WEIGHT = 1 / 8;
const RETURN_WEIGHT = 1 / 4;

/**
 * Decides whether a batch that is not full waits for more callers, although a slot is free.
 *
 * - A running batch of several tasks is about to end. Its callers probably call again at once. Started now, the two
 *   groups would run side by side on the same cores from then on; started together, they are one batch.
 * - A batch has just ended, whose callers are on their way back over the network. Without them, groups of 1 and 15
 *   callers would take turns for as long as they call. Callers that arrive regardless of answers do not come back:
 *   the share that did decides whether to wait.
 */
export class Meeting {
  /** The moving average of the run times of batches of several tasks, and the last run time of all. */
  #usualMs = 0;
  #lastMs = 0;
  /** The moving average of the share of callers that called again in time. */
  #returned = 0;
  /** The number of callers of the last batch, of tasks that arrived in time since its end, and that time. */
  #expected = 0;
  #arrived = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** The expected run time of a batch. */
  get expectedMs(): number {
    return Math.max(this.#usualMs, this.#lastMs);
  }

  /** True if batches of several tasks usually take long enough for timers. */
  get isLong(): boolean {
    return this.#usualMs >= MIN_RUN_MS;
  }

  /** Records the end of a batch, and the number of batches that still run. */
  ended({ entries, startedAtMs }: StartedBatch, atMs: number, running: number): void {
    const runMs = atMs - startedAtMs;
    const tasks = entries.length;
    this.#lastMs = runMs;
    if (tasks > 1) this.#usualMs = average(this.#usualMs || runMs, runMs, WEIGHT);
    if (this.#expected > 0) {
      const share = Math.min(1, this.#arrived / this.#expected);
      if (atMs >= this.#untilMs) this.#returned = average(this.#returned, share, RETURN_WEIGHT);
      this.#expected = 0;
      this.#arrived = 0;
    }
    // While others run, arrivals do not tell whose callers they are.
    if (runMs < MIN_RUN_MS || running > 0) return;
    this.#expected = tasks;
    this.#untilMs = atMs + Math.min(RETURN * runMs, MAX_RETURN_MS);
  }

  /** Records the arrival of a task. */
  arrived(nowMs: number): void {
    if (nowMs < this.#untilMs) this.#arrived++;
  }

  /**
   * Returns the time until which a batch waits that could start now, with the number of waiting tasks; -Infinity if it
   * does not wait.
   */
  waitsUntil(nowMs: number, running: readonly StartedBatch[], waiting: number): number {
    let untilMs = this.#awaitsReturn(nowMs, waiting) ? this.#untilMs : Number.NEGATIVE_INFINITY;
    if (!this.isLong) return untilMs;
    const usualMs = this.#usualMs;
    for (const { entries, startedAtMs } of running) {
      const endMs = startedAtMs + usualMs;
      const isEnding = nowMs >= endMs - BEFORE * usualMs && nowMs < endMs + AFTER * usualMs;
      if (entries.length > 1 && isEnding) untilMs = Math.max(untilMs, endMs + AFTER * usualMs);
    }
    return untilMs;
  }

  /** Returns whether a task that arrives now must wait for others. */
  holds(nowMs: number): boolean {
    return this.#expected > 1 && this.#awaitsReturn(nowMs, 1);
  }

  #awaitsReturn(nowMs: number, waiting: number): boolean {
    if (nowMs >= this.#untilMs || this.#arrived >= this.#expected) return false;
    // A batch that has more tasks than are missing gains little from them.
    const earlier = waiting - this.#arrived;
    return this.#returned >= MIN_RETURNED && earlier <= this.#expected;
  }
}

const average = (before: number, value: number, weight: number) =>
  before + weight * (value - before);

import type { StartedBatch } from "./batch-event.js";

/** Shorter batches end before a timer could fire. */
const MIN_RUN_MS = 4;

/** The shares of the usual run time before and after the expected end in which a batch that is not full waits. */
const BEFORE = 1 / 4;
const AFTER = 1 / 8;

/** The weight of one batch in the moving average. */
const WEIGHT = 1 / 8;

/**
 * Decides whether a batch that is not full waits for a running batch of several tasks to end, although a slot is free.
 * The callers of that batch probably call again at once. Started now, the two groups would run side by side on the
 * same cores from then on; started together, they are one batch.
 */
export class Meeting {
  /** The moving average of the run times of batches of several tasks. */
  #usualMs = 0;

  /** Records the run time of a batch. */
  ended({ entries, startedAtMs }: StartedBatch, atMs: number): void {
    if (entries.length < 2) return;
    const runMs = atMs - startedAtMs;
    this.#usualMs = this.#usualMs === 0 ? runMs : this.#usualMs + WEIGHT * (runMs - this.#usualMs);
  }

  /** Returns the time until which a batch waits that could start now; -Infinity if it does not wait. */
  waitsUntil(nowMs: number, running: readonly StartedBatch[]): number {
    const usualMs = this.#usualMs;
    if (usualMs < MIN_RUN_MS) return Number.NEGATIVE_INFINITY;
    let untilMs = Number.NEGATIVE_INFINITY;
    for (const { entries, startedAtMs } of running) {
      const endMs = startedAtMs + usualMs;
      const isEnding = nowMs >= endMs - BEFORE * usualMs && nowMs < endMs + AFTER * usualMs;
      if (entries.length > 1 && isEnding) untilMs = Math.max(untilMs, endMs + AFTER * usualMs);
    }
    return untilMs;
  }
}

import type { Clock } from "@serving-kit/core";

/** A queue that has been idle for so long, in ms, has no callers that will join the next one. */
const IDLE_MS = 1;

/**
 * How many tasks run alone in one turn of the event loop. A model that runs on the loop is idle again when the next
 * request of the turn is read: without a limit, its calls would never meet.
 */
const MAX_IN_TURN = 8;
/** From this many on the end of the turn is waited for: most turns have fewer, and their calls do not pay for it. */
const WATCHED_FROM = 4;

/**
 * Decides whether a task that finds its queue idle runs alone, immediately: if the last batch had one task, or ended
 * a while ago. After a batch of several tasks, their callers get the time to meet again.
 */
export class AloneGate {
  readonly #clock: Clock;
  #lastTasks = 0;
  #endedAtMs = Number.POSITIVE_INFINITY;
  #inTurn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether a task may run alone now, and counts it if so. */
  opens(nowMs: number): boolean {
    const isQuiet = this.#lastTasks === 1 || nowMs - this.#endedAtMs >= IDLE_MS;
    if (!isQuiet || this.#inTurn >= MAX_IN_TURN) return false;
    if (++this.#inTurn === WATCHED_FROM) this.#clock.setImmediate(this.#onTurn);
    return true;
  }

  /** Notes a batch that ended, with its number of tasks. */
  ended(tasks: number, atMs: number): void {
    this.#lastTasks = tasks;
    this.#endedAtMs = atMs;
  }

  /** Forgets what came before: the next task is scheduled. */
  reset(): void {
    this.#lastTasks = 0;
    this.#endedAtMs = Number.POSITIVE_INFINITY;
  }

  readonly #onTurn = () => {
    this.#inTurn = 0;
  };
}

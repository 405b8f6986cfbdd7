import type { Clock } from "@serving-kit/core";

/** Idle time in ms after which a queue has no callers that could join the next one. */
const IDLE_MS = 1;

/**
 * Maximum number of tasks that run alone in one turn of the event loop, not counting those before the gate has seen
 * that the turn is new. A model that runs on the loop is idle again when the next request of the turn is read: without
 * a limit, its calls would never meet.
 */
const MAX_IN_TURN = 8;

/** After this many tasks, the gate checks whether they came in one turn. */
const WATCHED_FROM = 4;

/**
 * Decides whether a task that finds its queue idle runs alone immediately: only if the last batch had one task, or
 * ended some time ago. After a batch of several tasks, their callers get time to meet again.
 */
export class AloneGate {
  readonly #clock: Clock;
  #lastTasks = 0;
  #endedAtMs = Number.POSITIVE_INFINITY;
  #inTurn = 0;
  #turn: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether a task may run alone now, and counts it if so. */
  opens(nowMs: number): boolean {
    const isQuiet = this.#lastTasks === 1 || nowMs - this.#endedAtMs >= IDLE_MS;
    if (!isQuiet || this.#inTurn >= MAX_IN_TURN) return false;
    if (++this.#inTurn === WATCHED_FROM) this.#watch();
    return true;
  }

  /** The calls of a lone caller come in many turns. They must not pay for an immediate, which wakes the event loop. */
  #watch(): void {
    const { turn } = this.#clock;
    if (turn === this.#turn) {
      this.#clock.setImmediate(this.#onTurn);
      return;
    }
    this.#turn = turn;
    this.#inTurn = 1;
  }

  /** Records that a batch ended, with its number of tasks. */
  ended(tasks: number, atMs: number): void {
    this.#lastTasks = tasks;
    this.#endedAtMs = atMs;
  }

  /** Clears the history: the next task is scheduled. */
  reset(): void {
    this.#lastTasks = 0;
    this.#endedAtMs = Number.POSITIVE_INFINITY;
  }

  readonly #onTurn = () => {
    this.#inTurn = 0;
  };
}

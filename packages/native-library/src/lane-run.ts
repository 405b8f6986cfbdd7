import type { LaneFunction } from "./lane-function.js";

/** A run on a lane. */
export interface LaneRun {
  /** The queue of the servable that the run belongs to. */
  readonly queue: LaneQueue;
  readonly fn: LaneFunction;
  /** Numbers, addresses, null, and views of memory, which the run keeps. */
  readonly args: readonly unknown[];
  /** The expected time in ms. */
  readonly expectedMs: number;
  /** Called once, when the run has ended, with its time in ms. */
  ended(result: number | bigint | null | undefined, ms: number): void;
  /** Called instead if the run has not started and will not. */
  withdrawn(): void;
  /** Called instead if the call failed, or the thread ended during it. */
  failed(error: Error): void;
}

/** The runs of one servable that wait for a lane. */
export class LaneQueue {
  readonly #waiting: LaneRun[] = [];
  /** Number of lanes that a run of the servable keeps from running anything else. */
  overdue = 0;

  get length(): number {
    return this.#waiting.length;
  }

  push(run: LaneRun): void {
    this.#waiting.push(run);
  }

  first(): LaneRun | undefined {
    return this.#waiting[0];
  }

  shift(): LaneRun | undefined {
    return this.#waiting.shift();
  }
}

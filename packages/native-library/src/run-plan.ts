/**
 * The place where native runs execute: `thread`, always on a thread of the pool; `inline`, always on the event loop; or
 * `auto`, inline only while runs are measured to be short.
 */
export type Execution = "auto" | "thread" | "inline";

/** The values of `Execution`. */
export const EXECUTIONS: readonly Execution[] = ["auto", "thread", "inline"];

/** A run of at most this time in ms, including the hop, may be tried inline, because it cannot block for longer. */
const TRIAL_MS = 1;

/** The weight of one run in the moving average, and the maximum at which an outlier counts, in budgets. */
const WEIGHT = 1 / 8;
const OUTLIER = 4;

/** Maximum average time in ms of the runs that go to a lane. */
const SHORT_MS = 0.2;

/** Runs on the thread before inline is tried again after it was too slow: doubled each time. */
const FIRST_PAUSE = 16;
const MAX_PAUSE = 4_096;

/** If a run on the loop takes this long, in ms, all runs of its signature stay off the loop for a while. */
const LONG_MS = 5;
const LONG_PAUSE = 100;

/** A signature is often slow if this many of its last runs on a thread took longer than this, in ms. */
const SLOW_MS = 50;
const SLOW_RUNS = 3;
const LAST_RUNS = 10;

/** The runs of one signature, of all kinds: measurements of one kind apply to the others. */
export class RunGroup {
  /** True if runs may be inline. False if their time depends on the values of inputs: no run predicts the next. */
  readonly mayBeInline: boolean;
  #runsOffLoop = 0;
  /** For each of the last runs on a thread, whether it was slow; the oldest first. */
  readonly #slowRuns: boolean[] = [];

  constructor(mayBeInline = true) {
    this.mayBeInline = mayBeInline;
  }

  /** True if a run was long fewer than 100 thread runs ago. */
  get isPaused(): boolean {
    return this.#runsOffLoop > 0;
  }

  /** True if 3 of the last 10 runs on a thread took longer than 50 ms. */
  get isOftenSlow(): boolean {
    return this.#slowRuns.filter(Boolean).length >= SLOW_RUNS;
  }

  /** Records the time of a run on the loop. */
  ranInline(ms: number): void {
    if (ms >= LONG_MS) this.#runsOffLoop = LONG_PAUSE;
  }

  /** Records the time of a run on a thread. */
  ranOnThread(ms: number): void {
    if (this.#runsOffLoop > 0) this.#runsOffLoop--;
    this.#slowRuns.push(ms > SLOW_MS);
    if (this.#slowRuns.length > LAST_RUNS) this.#slowRuns.shift();
  }
}

/**
 * Decides, for one kind of run, whether the next run is inline.
 *
 * Under `auto`:
 * - the first run is on a thread, because nothing has been measured;
 * - after a run on a thread that took less than 1 ms, including the hop, the next is tried inline;
 * - runs stay inline while their moving average is within the budget;
 * - after that they run on the thread, and inline is tried again after 16, 32, … 4,096 runs;
 * - after a run on the loop of 5 ms or more, the next 100 runs of its group are on a thread;
 * - a group that may not be inline always runs on a thread.
 */
export class RunPlan {
  readonly #isAuto: boolean;
  readonly #budgetMs: number;
  readonly #group: RunGroup;
  #isInline: boolean;
  #estimateMs: number | undefined;
  /** The moving average of runs on threads. */
  #threadMs: number | undefined;
  #pause = 0;
  #nextPause = FIRST_PAUSE;

  constructor(execution: Execution, budgetMs: number, group = new RunGroup()) {
    this.#isAuto = execution === "auto" && group.mayBeInline;
    this.#group = group;
    this.#isInline = execution === "inline";
    this.#budgetMs = budgetMs;
  }

  get isInline(): boolean {
    return this.#isInline && !(this.#isAuto && this.#group.isPaused);
  }

  /** The expected time in ms of a run on a thread, if it is short enough for a lane; otherwise undefined. */
  get shortMs(): number | undefined {
    const ms = this.#threadMs;
    return ms !== undefined && ms <= SHORT_MS ? ms : undefined;
  }

  /** Records the time of a run on the loop. */
  ranInline(ms: number): void {
    if (!this.#isAuto) return;
    this.#group.ranInline(ms);
    const counted = Math.min(ms, OUTLIER * this.#budgetMs);
    this.#estimateMs ??= counted;
    this.#estimateMs += (counted - this.#estimateMs) * WEIGHT;
    if (this.#estimateMs <= this.#budgetMs) return;
    this.#isInline = false;
    this.#estimateMs = undefined;
    this.#pause = this.#nextPause;
    this.#nextPause = Math.min(2 * this.#nextPause, MAX_PAUSE);
  }

  /** Records the time of a run on a thread: on a lane its own time, on the pool from the call to the answer. */
  ranOnThread(ms: number): void {
    this.#group.ranOnThread(ms);
    const counted = Math.min(ms, OUTLIER * SHORT_MS);
    this.#threadMs ??= counted;
    this.#threadMs += (counted - this.#threadMs) * WEIGHT;
    if (!this.#isAuto) return;
    if (this.#pause > 0) this.#pause--;
    else this.#isInline = ms <= TRIAL_MS;
  }
}

/**
 * Where native runs happen: always on a thread of the pool, always inline on the event loop, or
 * `auto`, inline only while runs are measured to be short.
 */
export type Execution = "auto" | "thread" | "inline";

/** The values of `Execution`. */
export const EXECUTIONS: readonly Execution[] = ["auto", "thread", "inline"];

/** A run that took this long with the hop, in ms, may be tried inline: it cannot block for longer. */
const TRIAL_MS = 1;

/** How much one run counts in the running estimate, and how far an outlier counts, in budgets. */
const WEIGHT = 1 / 8;
const OUTLIER = 4;

/** Runs on the thread before inline is tried again after it was too long: doubled each time. */
const FIRST_PAUSE = 16;
const MAX_PAUSE = 4_096;

/** A run on the loop that took this long, in ms, keeps all runs of its signature off the loop for a while. */
const LONG_MS = 5;
const LONG_PAUSE = 100;

/** A signature of which this many of its last runs on a thread took longer than this, in ms, is often slow. */
const SLOW_MS = 50;
const SLOW_RUNS = 3;
const LAST_RUNS = 10;

/** The runs of one signature, of all kinds: what one kind has shown counts for the others. */
export class RunGroup {
  /** Whether runs may be inline. False if their time depends on the values of inputs: no run tells of the next. */
  readonly mayBeInline: boolean;
  #runsOffLoop = 0;
  /** Whether each of the last runs on a thread was slow; the oldest first. */
  readonly #slowRuns: boolean[] = [];

  constructor(mayBeInline = true) {
    this.mayBeInline = mayBeInline;
  }

  /** Whether a run was long, less than 100 runs on a thread ago. */
  get isPaused(): boolean {
    return this.#runsOffLoop > 0;
  }

  /** Whether 3 of the last 10 runs on a thread took longer than 50 ms. */
  get isOftenSlow(): boolean {
    return this.#slowRuns.filter(Boolean).length >= SLOW_RUNS;
  }

  /** Takes in the time of a run on the loop. */
  ranInline(ms: number): void {
    if (ms >= LONG_MS) this.#runsOffLoop = LONG_PAUSE;
  }

  /** Takes in the time of a run on a thread. */
  ranOnThread(ms: number): void {
    if (this.#runsOffLoop > 0) this.#runsOffLoop--;
    this.#slowRuns.push(ms > SLOW_MS);
    if (this.#slowRuns.length > LAST_RUNS) this.#slowRuns.shift();
  }
}

/**
 * Decides, for one kind of run, whether the next is inline.
 *
 * Under `auto`:
 * - the first run is on a thread, since nothing is known of it;
 * - a run on a thread that took less than 1 ms, hop included, lets the next be tried inline;
 * - runs stay inline while their running estimate stays within the budget;
 * - then they go back to the thread, and inline is tried again after 16, 32, … 4,096 runs;
 * - after a run on the loop of 5 ms or more, the next 100 runs of its group are on a thread;
 * - no run of a group that may not be inline is.
 */
export class RunPlan {
  readonly #isAuto: boolean;
  readonly #budgetMs: number;
  readonly #group: RunGroup;
  #isInline: boolean;
  #estimateMs: number | undefined;
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

  /** Takes in the time of a run on the loop. */
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

  /** Takes in the time of a run on a thread, from the call to the answer. */
  ranOnThread(ms: number): void {
    this.#group.ranOnThread(ms);
    if (!this.#isAuto) return;
    if (this.#pause > 0) this.#pause--;
    else this.#isInline = ms <= TRIAL_MS;
  }
}

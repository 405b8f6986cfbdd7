import { type Clock, Semaphore, settleBy, systemClock } from "@serving-kit/core";
import { laneFunctionOf } from "./lane-function.js";
import { LaneQueue } from "./lane-run.js";
import type { NativeFunction } from "./native-function.js";
import { type NativeLanes, nativeLanes } from "./native-lanes.js";
import { type NativeRuns, nativeRuns } from "./native-runs.js";
import { type Execution, type RunGroup, RunPlan } from "./run-plan.js";
import type { SignalHold } from "./signal-hold.js";

/** The part of lanes that an executor uses. */
export type ExecutorLanes = Pick<NativeLanes, "limit" | "admits" | "isOpenTo" | "run">;

/** Options of `NativeExecutor`. */
export interface NativeExecutorOptions {
  /** Default `auto`. */
  readonly execution?: Execution;
  /** Maximum time in ms that a run may take on the event loop under `auto`. Default 0.25. */
  readonly budgetMs?: number;
  /** The limit of runs off the loop. Default `nativeRuns`, shared by all servables of the thread. */
  readonly runs?: NativeRuns;
  /** The lanes of short runs off the loop. Default `nativeLanes`, shared by all servables of the thread. */
  readonly lanes?: ExecutorLanes;
  /** Maximum runs of the servable at a time off the loop. Default without a limit of its own. */
  readonly concurrency?: number;
  /** The clock of run times and deadlines. Default `systemClock`. */
  readonly clock?: Clock;
  /** Blocks signals during runs on the event loop, if the library cannot tolerate them. */
  readonly signals?: SignalHold | undefined;
}

/** The limits of the call that waits for a run. */
export interface RunLimits {
  readonly signal?: AbortSignal | undefined;
  /** Time in ms on the executor's clock. */
  readonly deadlineAtMs?: number | undefined;
}

/** Maximum number of plans of an executor; beyond it, the least recently used plan is dropped. */
const MAX_PLANS = 1_024;

/** Maximum runs of a servable that wait for a lane. Further calls wait before their inputs are copied. */
const MAX_QUEUE = 256;

/**
 * Runs the native functions of one servable: inline, on a lane, or on a thread of libuv's pool.
 *
 * A hop to a thread and back costs about 50 µs of CPU time, 15 of them on the event loop, and another 50 µs if the
 * threads must wake up first. A small model runs in less than 1 µs. Under `auto`, each kind of run (such as a shape)
 * has its own plan, which is based on measured times: see `RunPlan`. The default budget for a run on the loop is a
 * quarter of the finest timer tick.
 *
 * A run off the loop goes to a lane if runs of its plan take at most 0.2 ms on average, if it follows another one
 * closely, and if all its arguments are numbers, addresses and views of memory. Other runs go to the pool: see
 * `NativeLanes`.
 *
 * - NR4 A servable has at most as many runs on threads as `runs` has places, including abandoned runs. With NR3, a
 *   servable whose runs never end leaves a thread for the others.
 * - NR5 A run on a thread is abandoned when its call ends first: at the deadline, or when the signal aborts. A run on a
 *   lane keeps its turn.
 */
export class NativeExecutor {
  readonly #execution: Execution;
  readonly #budgetMs: number;
  readonly #runs: NativeRuns;
  /** The servable's share of the threads. */
  readonly #share: Semaphore;
  readonly #lanes: ExecutorLanes;
  readonly #queue = new LaneQueue();
  readonly #concurrency: number;
  readonly #clock: Clock;
  readonly #signals: SignalHold | undefined;
  readonly #plans = new Map<string, RunPlan>();

  constructor({
    execution = "auto",
    budgetMs = 0.25,
    runs = nativeRuns,
    lanes = nativeLanes,
    concurrency = Number.POSITIVE_INFINITY,
    clock = systemClock,
    signals,
  }: NativeExecutorOptions = {}) {
    this.#execution = execution;
    this.#budgetMs = budgetMs;
    this.#runs = runs;
    this.#share = new Semaphore(Math.min(runs.limit, concurrency));
    this.#lanes = lanes;
    this.#concurrency = concurrency;
    this.#clock = clock;
    this.#signals = signals;
  }

  /** Returns the plan of a kind of run, in the group of its signature. Keep it if you need it often. */
  plan(kind: string, group?: RunGroup): RunPlan {
    const known = this.#plans.get(kind);
    const plan = known ?? this.newPlan(group);
    this.#plans.delete(kind);
    this.#plans.set(kind, plan);
    const [oldest] = this.#plans.size > MAX_PLANS ? this.#plans.keys() : [];
    if (oldest !== undefined) this.#plans.delete(oldest);
    return plan;
  }

  /** Returns a plan for a kind of run that has not run yet. */
  newPlan(group?: RunGroup): RunPlan {
    return new RunPlan(this.#execution, this.#budgetMs, group);
  }

  /** Returns whether a run with this plan can wait for a lane, whose threads limit the runs of the servable. */
  canQueue(plan: RunPlan): boolean {
    if (plan.isInline || plan.shortMs === undefined || !this.#lanes.isOpenTo(this.#queue))
      return false;
    return this.#queue.length < MAX_QUEUE && this.#concurrency >= this.#lanes.limit;
  }

  /**
   * Runs a function according to its plan: returns the result if it ran inline, else a promise of it. The limits end
   * only the call, not the run. A function that runs only on threads needs a plan that is never inline.
   */
  run<R>(
    plan: RunPlan,
    limits: RunLimits | undefined,
    fn: NativeFunction | Pick<NativeFunction, "async">,
    ...args: unknown[]
  ): R | Promise<R> {
    if (!plan.isInline) return this.#runOffLoop(plan, limits, fn, args);
    const startedAt = this.#clock.now();
    this.#signals?.hold();
    try {
      return (fn as NativeFunction)(...args);
    } finally {
      this.#signals?.release();
      plan.ranInline(this.#clock.now() - startedAt);
    }
  }

  #runOffLoop<R>(
    plan: RunPlan,
    limits: RunLimits | undefined,
    fn: Pick<NativeFunction, "async">,
    args: unknown[],
  ): Promise<R> {
    const expectedMs = plan.shortMs;
    const laneFunction = expectedMs === undefined ? undefined : laneFunctionOf(fn, args);
    const { held, waiting } = this.#share;
    if (
      expectedMs === undefined ||
      laneFunction === undefined ||
      !this.#lanes.admits(this.#queue, this.#clock.now(), held + waiting)
    )
      return this.#runOnThread(plan, limits, fn, args);
    return new Promise((resolve, reject) => {
      this.#lanes.run({
        queue: this.#queue,
        fn: laneFunction,
        args,
        expectedMs,
        ended(result, ms) {
          plan.ranOnThread(ms);
          resolve(result as R);
        },
        withdrawn: () => resolve(this.#runOnThread(plan, limits, fn, args)),
        failed: reject,
      });
    });
  }

  #runOnThread<R>(
    plan: RunPlan,
    limits: RunLimits | undefined,
    fn: Pick<NativeFunction, "async">,
    args: unknown[],
  ): Promise<R> {
    const share = this.#share.acquire();
    const place =
      share !== undefined ? share.then(() => this.#runs.acquire()) : this.#runs.acquire();
    if (place === undefined) return this.#start(plan, limits, fn, args);
    return place.then(() => this.#start<R>(plan, limits, fn, args));
  }

  /** Holds a place until the run has ended. */
  #start<R>(
    plan: RunPlan,
    limits: RunLimits | undefined,
    fn: Pick<NativeFunction, "async">,
    args: unknown[],
  ): Promise<R> {
    let hasEnded = false;
    let isAbandoned = false;
    const running = new Promise<R>((resolve, reject) => {
      const startedAt = this.#clock.now();
      const done = (error: unknown, result?: R) => {
        hasEnded = true;
        this.#runs.release(isAbandoned);
        this.#share.release();
        plan.ranOnThread(this.#clock.now() - startedAt);
        if (error) reject(error);
        else resolve(result as R);
      };
      try {
        fn.async(...args, done);
      } catch (error) {
        done(error);
      }
    });
    this.#whenCallEnds(limits, running, () => {
      if (hasEnded) return;
      isAbandoned = true;
      this.#runs.abandon();
    });
    return running;
  }

  #whenCallEnds(
    { signal, deadlineAtMs = Number.POSITIVE_INFINITY }: RunLimits = {},
    running: Promise<unknown>,
    callback: () => void,
  ): void {
    if (signal === undefined && deadlineAtMs === Number.POSITIVE_INFINITY) return;
    const deadline = { clock: this.#clock, atMs: deadlineAtMs, error: () => new Error("late") };
    settleBy(running, { signal, deadline }).catch(callback);
  }
}

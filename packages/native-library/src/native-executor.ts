import { type Clock, type Semaphore, systemClock } from "@serving-kit/core";
import type { NativeFunction } from "./native-function.js";
import { nativeRuns } from "./native-runs.js";
import { type Execution, type RunGroup, RunPlan } from "./run-plan.js";
import type { SignalHold } from "./signal-hold.js";

/** How a NativeExecutor runs. */
export interface NativeExecutorOptions {
  /** Default `auto`. */
  readonly execution?: Execution;
  /** What a run may take of the event loop under `auto`, in ms. Default 0.25. */
  readonly budgetMs?: number;
  /** The bound on runs off the loop. Default `nativeRuns`, shared by all servables of the thread. */
  readonly runs?: Semaphore;
  readonly clock?: Pick<Clock, "now">;
  /** Keeps signals from runs on the event loop, where the library cannot bear them. */
  readonly signals?: SignalHold | undefined;
}

/** How many plans an executor keeps; the one unused longest is forgotten beyond that. */
const MAX_PLANS = 1_024;

/**
 * Runs the native functions of one servable, inline or on a thread of libuv's pool.
 *
 * A hop to a thread and back costs about 50 µs of CPU time, of which 15 on the event loop, and as
 * long again until sleeping threads are awake; a small model runs in less than 1. Under `auto` each
 * kind of run (a shape, say) has a plan of its own that goes by measured times: see `RunPlan`. What
 * it lets run on the loop is a quarter of the finest tick that timers have.
 */
export class NativeExecutor {
  readonly #execution: Execution;
  readonly #budgetMs: number;
  readonly #runs: Semaphore;
  readonly #clock: Pick<Clock, "now">;
  readonly #signals: SignalHold | undefined;
  readonly #plans = new Map<string, RunPlan>();

  constructor({
    execution = "auto",
    budgetMs = 0.25,
    runs = nativeRuns,
    clock = systemClock,
    signals,
  }: NativeExecutorOptions = {}) {
    this.#execution = execution;
    this.#budgetMs = budgetMs;
    this.#runs = runs;
    this.#clock = clock;
    this.#signals = signals;
  }

  /** The plan of a kind of run, in the group of its signature. Keep it where it is needed often. */
  plan(kind: string, group?: RunGroup): RunPlan {
    const known = this.#plans.get(kind);
    const plan = known ?? this.newPlan(group);
    this.#plans.delete(kind);
    this.#plans.set(kind, plan);
    const [oldest] = this.#plans.size > MAX_PLANS ? this.#plans.keys() : [];
    if (oldest !== undefined) this.#plans.delete(oldest);
    return plan;
  }

  /** A plan of a kind of run that has not run yet. */
  newPlan(group?: RunGroup): RunPlan {
    return new RunPlan(this.#execution, this.#budgetMs, group);
  }

  /** Runs a function as its plan says: gives the result at once, or a promise of it. */
  run<R>(plan: RunPlan, fn: NativeFunction, ...args: unknown[]): R | Promise<R> {
    if (!plan.isInline) return this.#runOnThread(plan, fn, args);
    const startedAt = this.#clock.now();
    this.#signals?.hold();
    try {
      return fn(...args);
    } finally {
      this.#signals?.release();
      plan.ranInline(this.#clock.now() - startedAt);
    }
  }

  #runOnThread<R>(plan: RunPlan, fn: NativeFunction, args: unknown[]): Promise<R> {
    const place = this.#runs.acquire();
    if (place === undefined) return this.#start(plan, fn, args);
    return place.then(() => this.#start<R>(plan, fn, args));
  }

  /** Holds a place, and gives it back. */
  #start<R>(plan: RunPlan, fn: NativeFunction, args: unknown[]): Promise<R> {
    return new Promise((resolve, reject) => {
      const startedAt = this.#clock.now();
      const done = (error: unknown, result?: R) => {
        this.#runs.release();
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
  }
}

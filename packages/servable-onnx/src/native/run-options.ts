import type { Clock } from "@serving-kit/core";
import type { CallLimits } from "@serving-kit/inference";
import type { OnnxRuntime } from "./library.js";

/** The `OrtRunOptions` of runs that can be stopped. They are reused, except those that were stopped. */
export class RunOptionsPool {
  readonly #runtime: OnnxRuntime;
  readonly #clock: Pick<Clock, "now" | "setTimeout">;
  readonly #idle: bigint[] = [];

  constructor(runtime: OnnxRuntime, clock: Pick<Clock, "now" | "setTimeout">) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  /**
   * Takes options with which ONNX Runtime stops a run if the signal aborts or at the deadline; undefined for a run
   * without either.
   */
  take(limits: CallLimits): StoppableRun | undefined {
    const { signal, deadlineAtMs = Number.POSITIVE_INFINITY } = limits;
    if (signal === undefined && deadlineAtMs === Number.POSITIVE_INFINITY) return undefined;
    const { api, statuses } = this.#runtime;
    const pointer = this.#idle.pop() ?? statuses.out(api.CreateRunOptions);
    let isStopped = false;
    let timer: Disposable | undefined;
    const stop = () => {
      isStopped = true;
      statuses.check(api.RunOptionsSetTerminate(pointer));
    };
    const stopAt = () => {
      const leftMs = deadlineAtMs - this.#clock.now();
      if (leftMs <= 0) stop();
      else timer = this.#clock.setTimeout(stopAt, leftMs);
    };
    signal?.addEventListener("abort", stop, { once: true });
    if (deadlineAtMs < Number.POSITIVE_INFINITY) stopAt();
    const give = () => {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", stop);
      if (isStopped) api.ReleaseRunOptions(pointer);
      else this.#idle.push(pointer);
    };
    return { pointer, give, isStopped: () => isStopped };
  }

  /** Frees all. No run may be in flight. */
  close(): void {
    for (const pointer of this.#idle.splice(0)) this.#runtime.api.ReleaseRunOptions(pointer);
  }
}

/** The options of one run. */
export interface StoppableRun {
  readonly pointer: bigint;
  /** Returns whether the run was requested to stop. */
  isStopped(): boolean;
  /** Returns the options to the pool after the native run has ended. */
  give(): void;
}

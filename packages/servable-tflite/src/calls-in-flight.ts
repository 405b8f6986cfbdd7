import { type Clock, InFlight } from "@serving-kit/core";
import type { PredictOptions } from "@serving-kit/inference";
import type { Interpreter } from "./native/interpreter.js";

/** Interval in ms between requests to stop a run: a request between two iterations of a loop is lost. */
const STOP_INTERVAL_MS = 10;

/** The calls in flight of a predictor, except abandoned runs, and the interpreters whose runs are on threads. */
export class CallsInFlight extends InFlight {
  readonly #clock: Pick<Clock, "now" | "setTimeout">;
  readonly #onThreads = new Set<Interpreter>();
  readonly #givenUp = new Set<Interpreter>();
  #onFreed: (() => void) | undefined;

  constructor(clock: Pick<Clock, "now" | "setTimeout">) {
    super();
    this.#clock = clock;
  }

  /** Waits for a run. If the signal aborts or the deadline passes, requests TensorFlow Lite to stop the run. */
  async settled(
    interpreter: Interpreter,
    run: Promise<number>,
    { signal, deadlineAtMs }: Pick<PredictOptions, "signal" | "deadlineAtMs">,
  ): Promise<number> {
    let timer: Disposable | undefined;
    const stop = () => {
      timer?.[Symbol.dispose]();
      if (interpreter.cancel()) timer = this.#clock.setTimeout(stop, STOP_INTERVAL_MS);
    };
    const stopAt = (atMs: number) => {
      const leftMs = atMs - this.#clock.now();
      // A Node timer can fire slightly early; a run that is stopped then would not count as late.
      if (leftMs <= 0) stop();
      else timer = this.#clock.setTimeout(() => stopAt(atMs), leftMs);
    };
    this.#onThreads.add(interpreter);
    signal?.addEventListener("abort", stop, { once: true });
    if (deadlineAtMs !== undefined && deadlineAtMs < Infinity) stopAt(deadlineAtMs);
    try {
      return await run;
    } finally {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", stop);
      this.#onThreads.delete(interpreter);
    }
  }

  /** Stops counting the runs on threads as calls. Returns their interpreters. */
  giveUp(): readonly Interpreter[] {
    const interpreters = [...this.#onThreads].filter((one) => !this.#givenUp.has(one));
    for (const interpreter of interpreters) {
      this.#givenUp.add(interpreter);
      this.end();
    }
    return interpreters;
  }

  /** Closes an interpreter whose abandoned run has ended; returns whether it was one. */
  closeGivenUp(interpreter: Interpreter): boolean {
    if (!this.#givenUp.delete(interpreter)) return false;
    interpreter.close();
    if (this.#givenUp.size === 0) this.#onFreed?.();
    return true;
  }

  /** Calls back when no interpreter of an abandoned run is left: now, or when the last run ends. */
  whenFreed(callback: () => void): void {
    if (this.#givenUp.size === 0) callback();
    else this.#onFreed = callback;
  }
}

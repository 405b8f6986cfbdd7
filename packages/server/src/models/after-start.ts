import type { Clock } from "@serving-kit/core";
import type { ReloadOptions } from "../config/model-outcome.js";

/** Work to run once a server has started, and the fallback result for a caller whose wait times out. */
export interface AfterStart<T> {
  /** Resolves when the start has succeeded or failed. */
  readonly starting: Promise<unknown>;
  /** Does the work. `restMs` is the part of `timeoutMs` that is left. */
  readonly run: (restMs: number) => Promise<T>;
  /** Returns the result for a caller whose `timeoutMs` passed before the start. */
  readonly giveUp: () => T;
  /** Receives a rejection of `run` after the caller has received the result of `giveUp`. */
  readonly onLateFailure: (error: unknown) => void;
  readonly clock: Clock;
}

/**
 * Runs work once a server has started. The start may take indefinitely: the caller waits at most `timeoutMs`, but the
 * work runs anyway. If `signal` aborts before the start, the work does not run, and the call rejects immediately with
 * the signal's reason.
 */
export function afterStart<T>(
  { starting, run, giveUp, onLateFailure, clock }: AfterStart<T>,
  { timeoutMs, signal }: ReloadOptions & { readonly timeoutMs: number },
): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const calledAtMs = clock.now();
    let hasGivenUp = false;
    const timer =
      timeoutMs < Number.POSITIVE_INFINITY
        ? clock.setTimeout(() => {
            hasGivenUp = true;
            resolve(giveUp());
          }, timeoutMs)
        : undefined;
    const stop = () => {
      timer?.[Symbol.dispose]();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop);
    const running = starting.then(() => {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", stop);
      signal?.throwIfAborted();
      return run(Math.max(0, timeoutMs - (clock.now() - calledAtMs)));
    });
    running.then(resolve, (error) => {
      if (hasGivenUp) onLateFailure(error);
      else reject(error);
    });
  });
}

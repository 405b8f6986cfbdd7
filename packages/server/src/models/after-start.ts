import type { Clock } from "@serving-kit/core";
import type { ReloadOptions } from "../config/model-outcome.js";

/** Work for when a server has started, and the answer for a caller that does not wait so long. */
export interface AfterStart<T> {
  /** Resolves when the start has succeeded or failed. */
  readonly starting: Promise<unknown>;
  /** Does the work, with the rest of `timeoutMs`. */
  readonly run: (restMs: number) => Promise<T>;
  /** Returns the answer for a caller whose `timeoutMs` passed before. */
  readonly giveUp: () => T;
  /** Receives a rejection of `run` after the caller had that answer. */
  readonly onLateFailure: (error: unknown) => void;
  readonly clock: Clock;
}

/**
 * Does something when a server has started, which may take indefinitely: the caller waits at most
 * `timeoutMs`, and it is done nevertheless. With a `signal` that aborts before, it is not done, and
 * rejects at once with the signal's reason.
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

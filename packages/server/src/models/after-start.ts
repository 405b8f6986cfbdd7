import type { Clock } from "@serving-kit/core";
import type { ReloadOptions } from "../config/model-outcome.js";

/** What is done when a server has started, and what its caller is given who does not wait so long. */
export interface AfterStart<T> {
  /** Resolves when the start is over, whatever became of it. */
  readonly starting: Promise<unknown>;
  /** What is done then, with what is left of `timeoutMs`. */
  readonly run: (restMs: number) => Promise<T>;
  /** What the caller is given when `timeoutMs` have passed before. */
  readonly giveUp: () => T;
  /** What `run` was rejected with after the caller had been given that. */
  readonly onLateFailure: (error: unknown) => void;
  readonly clock: Clock;
}

/**
 * Does something when a server has started, which may take for ever: the caller waits at most
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

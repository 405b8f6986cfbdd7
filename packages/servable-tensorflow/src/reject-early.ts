import type { Clock } from "@serving-kit/core";
import { inferenceErrors } from "@serving-kit/inference";

/** Node's timers take no longer delay; nobody waits that long for a prediction. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Settles as the promise does, or rejects as soon as the signal aborts, with its reason, or the
 * deadline has passed. What the promise then comes to is dropped.
 */
export function rejectEarly<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  deadlineAtMs: number,
  clock: Clock,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => settle(() => reject(signal?.reason));
    const timer =
      deadlineAtMs - clock.now() <= MAX_DELAY_MS
        ? clock.setTimeout(
            () => settle(() => reject(inferenceErrors.deadlineExceeded())),
            Math.max(0, deadlineAtMs - clock.now()),
          )
        : undefined;
    const settle = (report: () => void) => {
      signal?.removeEventListener("abort", abort);
      timer?.[Symbol.dispose]();
      report();
    };
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    promise.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
  });
}

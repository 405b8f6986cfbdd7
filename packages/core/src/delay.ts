import type { Clock } from "./clock.js";

/**
 * Resolves after a time in ms on a clock, or as soon as the signal aborts; check the signal to distinguish the two.
 * Leaves no timer or listener behind.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      timer[Symbol.dispose]();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, delayMs);
    signal?.addEventListener("abort", end);
  });
}

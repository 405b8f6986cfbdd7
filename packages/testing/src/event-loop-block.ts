import { systemClock } from "@serving-kit/core";

/** Returns the longest time in real ms for which the work blocked the event loop. */
export async function longestBlockMs(work: () => Promise<void>): Promise<number> {
  let longestMs = 0;
  let turnedAtMs = systemClock.now();
  let timer: Disposable;
  const turned = () => {
    longestMs = Math.max(longestMs, systemClock.now() - turnedAtMs);
    turnedAtMs = systemClock.now();
  };
  const again = () => {
    turned();
    timer = systemClock.setTimeout(again, 1);
  };
  timer = systemClock.setTimeout(again, 1);
  try {
    await work();
    turned();
  } finally {
    timer[Symbol.dispose]();
  }
  return longestMs;
}

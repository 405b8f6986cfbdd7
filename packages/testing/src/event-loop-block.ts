import { systemClock } from "@serving-kit/core";

/** The longest time in real milliseconds that the event loop stood still while the work was done. */
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

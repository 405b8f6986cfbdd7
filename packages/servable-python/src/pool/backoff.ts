const FIRST_MS = 250;
const MAX_MS = 30_000;

/** Returns the delay in ms before the next start: 0 the first time, then 250 ms, doubled up to 30 s. */
export function restartDelayMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
}

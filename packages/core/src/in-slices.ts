/** Work that can pause: a generator that yields wherever it may be continued in a later turn of the event loop. */
export type Steps<T> = Generator<void, T>;

/** The default of how long work goes on before the event loop turns, in ms. A collection of its garbage may come on top. */
const SLICE_MS = 3;

/** Lets the event loop turn once. */
export function turn(): Promise<void> {
  // Not a time to wait for, so not of the Clock.
  return new Promise((resolve) => void setImmediate(resolve));
}

/**
 * Runs work on the event loop, and lets the loop turn after every 3 ms of it. Returns what the work returns.
 *
 * @param check called before the work is continued; what it throws ends the work.
 * @param sliceMs the time between two turns in ms. Default 3.
 */
export async function inSlices<T>(
  work: Steps<T>,
  check?: () => void,
  sliceMs = SLICE_MS,
): Promise<T> {
  // The real time, which a Clock of a test does not tell: slices are for the event loop of this process.
  let startedAt = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - startedAt < sliceMs) continue; // as above, not of the Clock
    await turn();
    check?.();
    startedAt = performance.now(); // as above, not of the Clock
  }
}

/** Runs work to its end, without a pause. */
export function atOnce<T>(work: Steps<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/**
 * Work that can pause: a generator that yields at each point where it may be continued in a later turn of the event
 * loop.
 */
export type Steps<T> = Generator<void, T>;

/** Default time in ms that work runs before the event loop turns. Garbage collection may add to it. */
const SLICE_MS = 3;

/** Lets the event loop turn once. */
export function turn(): Promise<void> {
  // Not a wait, so not through the Clock.
  return new Promise((resolve) => void setImmediate(resolve));
}

/**
 * Runs work on the event loop, and lets the loop turn after every 3 ms of it. Returns what the work returns.
 *
 * @param check Called before the work is continued. If it throws, the work ends with that error.
 * @param sliceMs Time between two turns in ms. Default 3.
 */
export async function inSlices<T>(
  work: Steps<T>,
  check?: () => void,
  sliceMs = SLICE_MS,
): Promise<T> {
  // Real time, because a test's Clock does not measure it: slices are for the event loop of this process.
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
export function runToEnd<T>(work: Steps<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

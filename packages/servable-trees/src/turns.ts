/** Lets the event loop turn once. */
export function turn(): Promise<void> {
  // Not a time to wait for, so not of the Clock.
  return new Promise((resolve) => void setImmediate(resolve));
}

/** How long work goes on before the event loop may turn, in ms. A collection of its garbage may come on top. */
const SLICE_MS = 1;

/**
 * Runs work that yields, and lets the event loop turn every few ms of it.
 *
 * @throws the signal's reason, if it aborts meanwhile.
 */
export async function inSlices<T>(work: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  // The real time, which a Clock of a test does not tell: slices are for the event loop of this process.
  let startedAt = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - startedAt < SLICE_MS) continue; // as above, not of the Clock
    await turn();
    signal?.throwIfAborted();
    startedAt = performance.now(); // as above, not of the Clock
  }
}

/** Runs work that yields to its end. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

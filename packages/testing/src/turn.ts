// Taken once, so that a test framework that fakes the globals cannot make the kit hang.
const { setImmediate } = globalThis;

/**
 * Resolves in a later turn of the event loop, when every promise chain that needs no I/O and no
 * timer has settled.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

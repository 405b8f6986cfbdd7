// Saved at import, so that a test framework that fakes the globals cannot make the kit hang.
const { setImmediate } = globalThis;

/**
 * Resolves in a later turn of the event loop, after all promise chains that need no I/O and no timer have settled.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Collects garbage, and resolves with heap and external memory of this thread in MB. */
export async function collectHere(): Promise<number> {
  // Memory that waits for finalizers is free after a turn of the event loop.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

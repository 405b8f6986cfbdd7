// @ts-nocheck Not yet in TypeScript.
// Preloaded into the victim: at each message of its parent it collects garbage, and answers what is left, in MB.
process.on("message", async () => {
  // Memory that waits for finalizers is free after a turn of the event loop.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send((heapUsed + external) / 2 ** 20);
});
process.channel.unref(); // The server decides when the process ends.

import type { Observer } from "../src/index.js";

/** The cells of memory that the observers of all threads share. */
export const ORDER = { observed: 0, main: 1 };

/** An observer that counts the event loops that it observes, and keeps the place of the main thread. */
export const ordered = (memory: SharedArrayBuffer): Observer => ({
  name: "ordered",
  module: { url: import.meta.url, exportName: "ordered", options: memory },
  observe({ isMain }) {
    const place = Atomics.add(new Int32Array(memory), ORDER.observed, 1) + 1;
    if (isMain) Atomics.store(new Int32Array(memory), ORDER.main, place);
    return {};
  },
});

import type { Observer } from "../src/index.js";

/** An observer of all threads that keeps the `process.pid` of the last run in memory that they share. */
export const pidObserver = (memory: SharedArrayBuffer): Observer => ({
  name: "pid",
  module: { url: import.meta.url, exportName: "pidObserver", options: memory },
  observe: () => ({
    begin: () => ({
      ...{ running() {}, ran() {}, end() {} },
      fact(name, value) {
        if (name === "process.pid") Atomics.store(new Int32Array(memory), 0, Number(value));
      },
    }),
  }),
});

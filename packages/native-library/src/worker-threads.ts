import { createRequire } from "node:module";

let loaded: typeof import("node:worker_threads") | undefined;

/** Returns Node's `worker_threads`, which is loaded at the first call: that takes 1 ms, and few processes need it. */
export function workerThreads(): typeof import("node:worker_threads") {
  loaded ??= createRequire(import.meta.url)("node:worker_threads") as typeof loaded;
  return loaded as NonNullable<typeof loaded>;
}

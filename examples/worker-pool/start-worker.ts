import { Worker } from "node:worker_threads";

/**
 * Starts a worker thread from a TypeScript file. Node 20 does not hand tsx down to workers, so the
 * worker registers it by itself; a compiled program needs only `new Worker(url, { workerData })`.
 */
export function startWorker(url: URL, workerData: unknown): Worker {
  const file = JSON.stringify(url.href);
  const program = `import("tsx/esm/api").then(({ register }) => (register(), import(${file})));`;
  return new Worker(program, { eval: true, workerData });
}

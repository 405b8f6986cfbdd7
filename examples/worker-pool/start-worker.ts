import { Worker } from "node:worker_threads";

/**
 * Starts a worker thread from a TypeScript file. In Node 20, workers do not inherit tsx, so the worker registers it
 * itself. A compiled program needs only `new Worker(url, { workerData })`.
 */
export function startWorker(url: URL, workerData: unknown): Worker {
  const file = JSON.stringify(url.href);
  const program = `import("tsx/esm/api").then(({ register }) => (register(), import(${file})));`;
  return new Worker(program, { eval: true, workerData });
}

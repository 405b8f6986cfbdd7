import { Worker } from "node:worker_threads";

/** Runs a module in TypeScript in a worker thread. It registers a loader itself: Node 20 does not pass loaders on. */
export function startWorker(url: string, workerData: unknown): Worker {
  const file = JSON.stringify(url);
  const program = `import("tsx/esm/api").then(({ register }) => (register(), import(${file})));`;
  return new Worker(program, {
    eval: true,
    workerData,
    execArgv: ["--conditions=@serving-kit/source"],
  });
}

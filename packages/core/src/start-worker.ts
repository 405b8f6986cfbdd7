import type { Worker, WorkerOptions } from "node:worker_threads";

/**
 * Starts a worker thread from a module of the caller's package.
 *
 * In a published package the module is JavaScript. In the sources it is TypeScript, and the worker registers a loader
 * itself, because Node 20 does not pass loaders on to workers.
 *
 * @param name The path of the module, relative to the caller's and without its extension, such as `./loop-worker`.
 * @param from `import.meta.url` of the caller.
 */
export function startWorker(name: string, from: string, options: WorkerOptions = {}): Worker {
  // Not imported: it takes 1 ms, and few processes need it.
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  if (!from.endsWith(".ts")) return new Worker(new URL(`${name}.js`, from), options);
  const file = JSON.stringify(new URL(`${name}.ts`, from).href);
  const program = `import("tsx/esm/api").then(({ register }) => (register(), import(${file})));`;
  const execArgv = ["--conditions=@serving-kit/source", ...(options.execArgv ?? [])];
  return new Worker(program, { ...options, eval: true, execArgv });
}

import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "tsup";
import type { Benchmark } from "../figure.js";
import { loadPredictor } from "../raw-session.js";

const path = fileURLToPath(new URL("../../examples/models/zoo/large/1", import.meta.url));
const WORKERS = 4;

/** Built, as an application has it: the loader of TypeScript takes more memory than what is measured. */
async function buildWorker(): Promise<URL> {
  // From here koffi is found.
  const outDir = fileURLToPath(
    new URL("../../packages/native-library/node_modules/.cache/bench", import.meta.url),
  );
  await build({
    entry: [fileURLToPath(new URL("../shared-worker.ts", import.meta.url))],
    outDir,
    config: false,
    format: "esm",
    target: "node20",
    clean: true,
    minify: true,
    treeshake: true,
    noExternal: [/^(?!koffi$)/],
    external: ["koffi"],
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    esbuildOptions: (options) => {
      options.conditions = ["@serving-kit/source"];
    },
    silent: true,
  });
  return new URL(`file://${outDir}/shared-worker.js`);
}

/** Starts workers; what each of them adds to the memory of the process, in MB. */
async function megabytesEach(start: () => Worker): Promise<{ mb: number; workers: Worker[] }> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const workers = Array.from({ length: WORKERS }, start);
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject)),
    ),
  );
  return { mb: (process.memoryUsage.rss() - before) / 1e6 / WORKERS, workers };
}

const benchmark: Benchmark = {
  name: "memory of workers that share a model of 100 MB",
  async run() {
    const worker = await buildWorker();
    const before = process.memoryUsage.rss();
    const predictor = await loadPredictor(path);
    const modelMb = (process.memoryUsage.rss() - before) / 1e6;
    const shared = predictor.share();
    // Without the flags that run this file from source, such as the loader of TypeScript.
    const wait = 'require("worker_threads").parentPort.on("message", () => {}).postMessage("here")';
    const startEmpty = () => new Worker(wait, { eval: true, execArgv: [] });
    // The first ones fill what this thread has freed and the process still holds.
    const filler = await megabytesEach(startEmpty);
    const empty = await megabytesEach(startEmpty);
    const attached = await megabytesEach(
      () => new Worker(worker, { workerData: shared, execArgv: [] }),
    );
    const ends = attached.workers.map((one) => new Promise((resolve) => one.once("exit", resolve)));
    for (const one of attached.workers) one.postMessage("end");
    await Promise.all([...ends, predictor[Symbol.asyncDispose]()]);
    const idle = [...filler.workers, ...empty.workers];
    await Promise.all(idle.map((one) => one.terminate()));
    return [
      {
        name: "a worker with the model over an empty one",
        value: attached.mb - empty.mb,
        unit: "MB",
        goal: { atMost: 5 },
      },
      { name: "an empty worker", value: empty.mb, unit: "MB" },
      { name: "the model, library and all", value: modelMb, unit: "MB" },
    ];
  },
};

export default benchmark;

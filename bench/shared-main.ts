import { Worker } from "node:worker_threads";
import { servableId } from "@serving-kit/core";
import { tensorflow } from "@serving-kit/servable-tensorflow";

// A process that loads a model and shares it with workers. Sends what each of them takes, in MB.
const WORKERS = 4;
const [, , path = "", worker = ""] = process.argv;

/** Returns the memory that each worker adds to the process, once each has sent a message. */
async function megabytesEach(start: () => Worker[]): Promise<{ mb: number; workers: Worker[] }> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const workers = start();
  await Promise.all(
    workers.map(
      (one) => new Promise((resolve, reject) => one.once("message", resolve).once("error", reject)),
    ),
  );
  return { mb: (process.memoryUsage.rss() - before) / 1e6 / WORKERS, workers };
}

const four = (start: () => Worker) => () => Array.from({ length: WORKERS }, start);

const before = process.memoryUsage.rss();
const id = servableId("large", 1);
const { signal } = new AbortController();
const predictor = await tensorflow().loader({ path }, id).load({ id, signal });
const model = (process.memoryUsage.rss() - before) / 1e6;
const shared = predictor.share?.();

const wait = 'require("worker_threads").parentPort.on("message", () => {}).postMessage("here")';
const startEmpty = four(() => new Worker(wait, { eval: true }));
// The first ones fill what this thread has freed and the process still holds.
const filler = await megabytesEach(startEmpty);
const empty = await megabytesEach(startEmpty);
const attached = await megabytesEach(
  four(() => new Worker(new URL(worker), { workerData: shared })),
);
const { mb: garbage } = await megabytesEach(() => {
  for (const one of attached.workers) one.postMessage(1_000);
  return attached.workers;
});
const ends = attached.workers.map((one) => new Promise((resolve) => one.once("exit", resolve)));
for (const one of attached.workers) one.postMessage(0);
await Promise.all([...ends, predictor[Symbol.asyncDispose]?.()]);
await Promise.all([...filler.workers, ...empty.workers].map((one) => one.terminate()));
process.send?.({ model, empty: empty.mb, attached: attached.mb, garbage });
process.disconnect();

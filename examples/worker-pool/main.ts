// Runs predictions on worker threads. Each worker has a copy of the model, and the main thread only distributes
// requests. This helps if the work around a prediction takes long, such as decoding images.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import type { Tensor } from "@serving-kit/inference";
import { startWorker } from "./start-worker.js";
import type { Answer } from "./worker.js";

const REQUESTS = 2_000;
const WORKERS = Math.min(availableParallelism(), 4);

const models = `${import.meta.dirname}/../models/digits`;
const samples = JSON.parse(readFileSync(`${models}/samples.json`, "utf8"));
const images = samples.map(({ image }: { image: number[] }) => Float32Array.from(image));

const workers = await Promise.all(
  Array.from({ length: WORKERS }, async () => {
    const worker = startWorker(new URL("./worker.ts", import.meta.url), { path: `${models}/1` });
    await once(worker, "message"); // "ready": its model is loaded
    return worker;
  }),
);

let next = 0;
let right = 0;

/** Sends a worker one request after another until all are sent. */
async function keepBusy(worker: Worker): Promise<number> {
  let answered = 0;
  while (next < REQUESTS) {
    const id = next++;
    worker.postMessage({ id, image: images[id % images.length] });
    const [{ outputs }] = (await once(worker, "message")) as [Answer];
    const probabilities = [...(outputs.probabilities as Tensor<"float32">).data];
    const digit = probabilities.indexOf(Math.max(...probabilities));
    if (digit === samples[id % samples.length].label) right++;
    answered++;
  }
  return answered;
}

const answered = await Promise.all(workers.map(keepBusy));
await Promise.all(workers.map((worker) => worker.terminate()));
console.log(`${WORKERS} workers answered ${answered.join(" + ")} requests`);
console.log(`${right} of ${REQUESTS} right`);

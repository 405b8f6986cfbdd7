import { isMainThread, parentPort, type Worker, workerData } from "node:worker_threads";
import type { Predictor, Tensor, Tensors } from "@serving-kit/inference";
import { startWorker } from "../../native-library/test/source-worker.js";
import { nativeCounts, tflite } from "../src/index.js";
import { digits, images, load, samples } from "./support.js";

// A process that shares a model with two workers. Prints what it saw.
const sample = samples[0] as (typeof samples)[0];

const probabilitiesOf = ({ probabilities }: Tensors) => [
  ...(probabilities as Tensor<"float32">).data,
];

const next = (worker: Worker) =>
  new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });

async function main(): Promise<void> {
  const predictor = await load(digits("1"));
  const shared = predictor.share?.();
  const own = await predictor.predict(images(sample.image));
  const workers = [startWorker(import.meta.url, shared), startWorker(import.meta.url, shared)];
  const answers = await Promise.all(workers.map(next));
  // The workers go on when the one who loaded is gone.
  await predictor[Symbol.asyncDispose]();
  for (const worker of workers) worker.postMessage("again");
  const later = await Promise.all(workers.map(next));
  const ends = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
  for (const worker of workers) worker.postMessage("end");
  await Promise.all(ends);
  const facts = { own: probabilitiesOf(own), answers, later };
  process.stdout.write(`${JSON.stringify({ ...facts, counts: nativeCounts() })}\n`);
}

async function inWorker(): Promise<void> {
  const predictor = (await tflite().attach?.(workerData)) as Predictor;
  const answer = async () => {
    parentPort?.postMessage(probabilitiesOf(await predictor.predict(images(sample.image))));
  };
  await answer();
  parentPort?.on("message", async (message) => {
    if (message === "again") return answer();
    await predictor[Symbol.asyncDispose]?.();
    parentPort?.close();
  });
}

await (isMainThread ? main() : inWorker());

import { isMainThread, parentPort, type Worker, workerData } from "node:worker_threads";
import { isServingError } from "@serving-kit/core";
import { type SharedPredictor, tensor } from "@serving-kit/inference";
import { startWorker } from "../../native-library/test/source-worker.js";
import { nativeCounts } from "../src/native/native-counts.js";
import { tensorflow } from "../src/tensorflow.js";
import { load, zooPath } from "./zoo.js";

// A process that shares one model of 100 MB with four workers. Prints what it saw.
const WORKERS = 4;
const inputs = { x: tensor("float32", [2], [1, 3]) };

const messageOf = (worker: Worker) =>
  new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });

const rss = () => process.memoryUsage.rss() / 2 ** 20;

async function main(): Promise<void> {
  const before = rss();
  const predictor = await load(zooPath("large"));
  const modelMb = rss() - before;
  const shared = predictor.share();

  const idle = Array.from({ length: WORKERS }, () => startWorker(import.meta.url, { wait: true }));
  await Promise.all(idle.map(messageOf));
  const withIdle = rss();
  const workers = Array.from({ length: WORKERS }, () => startWorker(import.meta.url, { shared }));
  const answers = await Promise.all(workers.map(messageOf));
  const perWorkerMb = (rss() - withIdle) / WORKERS;
  const idleMb = (withIdle - before - modelMb) / WORKERS;

  let isDisposed = false;
  const disposal = predictor[Symbol.asyncDispose]().then(() => {
    isDisposed = true;
  });
  const refused = await tensorflow()
    .attach?.(shared)
    .then(
      () => "attached",
      (error: unknown) => (isServingError(error) ? error.reason : String(error)),
    );
  const isDisposedWhileHeld: boolean[] = [];
  for (const [i, worker] of workers.entries()) {
    isDisposedWhileHeld.push(isDisposed);
    // Two dispose, two just end.
    worker.postMessage(i % 2 === 0 ? "dispose" : "end");
    await new Promise((resolve) => worker.once("exit", resolve));
  }
  await disposal;
  await Promise.all(idle.map((worker) => worker.terminate()));
  const sessions = nativeCounts().sessions;
  const facts = { answers, modelMb, idleMb, perWorkerMb, refused, isDisposedWhileHeld, sessions };
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

async function inWorker(data: { wait?: true; shared?: SharedPredictor }): Promise<void> {
  if (data.shared === undefined) {
    parentPort?.postMessage("idle");
    setInterval(() => {}, 1_000);
    return;
  }
  const predictor = await tensorflow().attach?.(data.shared);
  if (predictor === undefined) throw new Error("the platform cannot attach");
  let sum = 0;
  for (let i = 0; i < 100; i++) {
    const { y } = await predictor.predict(inputs);
    sum += Number(y?.data[1]);
  }
  parentPort?.postMessage(sum);
  parentPort?.once("message", async (message) => {
    if (message === "dispose") await predictor[Symbol.asyncDispose]?.();
  });
}

await (isMainThread ? main() : inWorker(workerData));

import { parentPort, workerData } from "node:worker_threads";
import { type SharedPredictor, tensor } from "@serving-kit/inference";
import { attachSavedModel } from "@serving-kit/servable-tensorflow";

// A worker thread that attaches to a shared predictor, and answers as often as it is told; 0 ends it.
const predictor = await attachSavedModel(workerData as SharedPredictor);
const inputs = { x: tensor("float32", [2], [1, 3]) };

async function answer(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await predictor.predict(inputs);
  parentPort?.postMessage("answered");
}

parentPort?.on("message", (count: number) => {
  if (count > 0) void answer(count);
  else void predictor[Symbol.asyncDispose]().then(() => parentPort?.close());
});
await answer(1);

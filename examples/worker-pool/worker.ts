import { parentPort, workerData } from "node:worker_threads";
import { servableId } from "@serving-kit/core";
import { type Tensors, tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";

/** The messages to a worker, and its replies. */
export interface PredictRequest {
  readonly id: number;
  readonly image: Float32Array;
}
export interface Answer {
  readonly id: number;
  readonly outputs: Tensors;
}

// A worker may block its own event loop, so run inline instead of on another thread.
const id = servableId("digits", 1);
const loader = tflite({ execution: "inline" }).loader({ path: workerData.path }, id);
const digits = await loader.load({ id, signal: new AbortController().signal });

parentPort?.on("message", async ({ id, image }: PredictRequest) => {
  const outputs = await digits.predict({ image: tensor("float32", [1, 64], image) });
  parentPort?.postMessage({ id, outputs } satisfies Answer);
});
parentPort?.postMessage("ready");

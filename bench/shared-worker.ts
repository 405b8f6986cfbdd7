import { parentPort, workerData } from "node:worker_threads";
import { type SharedPredictor, tensor } from "@serving-kit/inference";
import { attachSavedModel } from "@serving-kit/servable-tensorflow";

// A worker thread that attaches to a shared predictor and answers with it until it is told to end.
const predictor = await attachSavedModel(workerData as SharedPredictor);
const inputs = { x: tensor("float32", [2], [1, 3]) };
for (let i = 0; i < 1_000; i++) await predictor.predict(inputs);
parentPort?.postMessage("answered");
parentPort?.once("message", () => void predictor[Symbol.asyncDispose]());

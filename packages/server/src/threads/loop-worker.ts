import { parentPort, workerData } from "node:worker_threads";
import { runLoop } from "./run-loop.js";

// The entry point of a worker thread: one of the event loops of a model server.
if (parentPort) await runLoop(parentPort, workerData);

import { parentPort, workerData } from "node:worker_threads";
import { runToEnd } from "@serving-kit/core";
import { UnsupportedError } from "./document/fields.js";
import { parseModel } from "./parse-model.js";
import type { ReadOutcome, ReadRequest } from "./read-in-worker.js";

// A worker thread that parses one file, because JSON.parse cannot be interrupted.
const { bytes, kind, options } = workerData as ReadRequest;
let outcome: ReadOutcome;
try {
  outcome = { model: runToEnd(parseModel(bytes, kind, options)) };
} catch (error) {
  const { message = String(error) } = (error ?? {}) as Partial<Error>;
  outcome = { problem: message, isUnsupported: error instanceof UnsupportedError };
}
parentPort?.postMessage(outcome);

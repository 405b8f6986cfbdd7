import { isMainThread, workerData } from "node:worker_threads";
import { tensor } from "@serving-kit/inference";
import { startWorker } from "../../native-library/test/source-worker.js";
import { useAndEnd } from "../../native-library/test/use-and-end.js";
import { expectedCalls, loadNamed } from "./support.js";

const options = { execution: "thread" as const, concurrency: 8 };
const predictor = await loadNamed("loop", { options });
const [call] = expectedCalls("loop");

/** Eight runs of some 100 ms: a process that exits waits for its threads. */
function beginRuns(): void {
  const rounds = tensor("int64", [], [200_000n]);
  const x = tensor("float32", [1], new Float32Array([1]));
  for (let i = 0; i < 8; i++) predictor.predict({ rounds, x }).catch(() => {});
}

const how = isMainThread ? process.argv[2] : workerData;
const [, inWorker] = /^in a worker: (.*)/.exec(how) ?? [];
if (inWorker !== undefined) {
  const worker = startWorker(import.meta.url, inWorker);
  // Its exception is its own end alone.
  worker.on("error", () => {});
  await new Promise((resolve) => worker.once("exit", resolve));
  await predictor.predict(call?.inputs ?? {});
} else if (how === "throw with runs in flight") {
  beginRuns();
  setTimeout(() => {
    throw new Error("on purpose");
  });
} else if (how === "exit with runs in flight") {
  beginRuns();
  setTimeout(() => process.exit(0), 5);
} else {
  await useAndEnd(import.meta.url, {
    predict: () => predictor.predict(call?.inputs ?? {}),
    dispose: () => predictor[Symbol.asyncDispose](),
    beginLongRun: async () => beginRuns(),
  });
}

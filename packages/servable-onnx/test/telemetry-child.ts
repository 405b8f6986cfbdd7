import { readdirSync, readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { startWorker } from "../../native-library/test/source-worker.js";
import { expectedCalls, loadNamed } from "./support.js";

// Loads and calls a model in the main thread or in a worker, and prints the names of the process's threads.

if (isMainThread && process.argv[2] === "worker") {
  startWorker(import.meta.url, undefined);
} else {
  const [call] = expectedCalls("dense");
  await using predictor = await loadNamed("dense");
  await predictor.predict(call?.inputs ?? {});
  const tasks = readdirSync("/proc/self/task");
  const names = tasks.map((task) => readFileSync(`/proc/self/task/${task}/comm`, "utf8").trim());
  const files = readFileSync("/proc/self/maps", "utf8").includes(".onnxruntime");
  process.stdout.write(JSON.stringify({ names, files }));
}

import { isMainThread, Worker, workerData } from "node:worker_threads";
import { tensor } from "@serving-kit/inference";
import { digits, floats, images, load, samples, testModel } from "./support.js";

// A process that has predicted, and ends as its argument says.
const [how = ""] = isMainThread ? process.argv.slice(2) : [workerData as string];
const predictor = await load(digits("1"), { execution: "thread" });
await predictor.predict(images(samples[0]?.image ?? []));

/** A run that is still under way when the process ends. */
async function beginLongRun(): Promise<void> {
  const spin = await load(testModel("spin"));
  const x = floats(0, 1, 2, 3, 4, 5, 6, 7);
  void spin.predict({ x, steps: tensor("int32", [], [400_000]) });
}

switch (how) {
  case "drain":
    break;
  case "dispose and drain":
    await predictor[Symbol.asyncDispose]();
    break;
  case "exit":
    process.exit(0);
    break;
  case "exit during a run":
    await beginLongRun();
    setTimeout(() => process.exit(0), 5);
    break;
  case "wait for a signal":
    process.on("SIGINT", () => process.exit(0));
    process.on("SIGTERM", () => process.exit(0));
    setInterval(() => {}, 1_000);
    process.send?.("ready");
    break;
  case "a worker ends":
    await new Promise((resolve) => inWorker("drain").once("exit", resolve));
    await predictor.predict(images(samples[0]?.image ?? []));
    break;
  case "a worker is terminated during a run": {
    const worker = inWorker("begin a long run");
    await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
    await predictor.predict(images(samples[0]?.image ?? []));
    break;
  }
  case "begin a long run": {
    await beginLongRun();
    const { parentPort } = await import("node:worker_threads");
    parentPort?.postMessage("begun");
    break;
  }
  default:
    throw new Error(`no such way to end: ${how}`);
}

/** Workers do not inherit tsx on Node 20. */
function inWorker(how: string): Worker {
  const file = JSON.stringify(import.meta.url);
  return new Worker(
    `import("tsx/esm/api").then(({ register }) => { register(); return import(${file}); });`,
    { eval: true, workerData: how },
  );
}

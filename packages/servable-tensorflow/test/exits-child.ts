import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { tensor } from "@serving-kit/inference";
import { digits, digitsPath, load, zooPath } from "./zoo.js";

// A process that has predicted, and ends as its argument says.
const [how = ""] = isMainThread ? process.argv.slice(2) : [workerData as string];
const predictor = await load(digitsPath, { execution: "thread" });
const inputs = digits[0]?.inputs ?? {};
await predictor.predict(inputs);

/** A run that is still under way when the process ends. */
async function beginLongRun(): Promise<void> {
  const slow = await load(zooPath("trouble"), { execution: "thread" });
  const steps = tensor("int32", [1], [20_000]);
  void slow.predict({ steps }, { signatureName: "slow" });
}

/** Workers do not inherit tsx on Node 20. */
function startWorker(data: string): Worker {
  const file = JSON.stringify(import.meta.url);
  return new Worker(
    `import("tsx/esm/api").then(({ register }) => { register(); return import(${file}); });`,
    { eval: true, workerData: data, execArgv: ["--conditions=@serving-kit/source"] },
  );
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
    setInterval(() => {}, 1_000);
    process.send?.("ready");
    break;
  case "a worker ends":
    await new Promise((resolve) => startWorker("drain").once("exit", resolve));
    await predictor.predict(inputs);
    break;
  case "a worker is terminated during a run": {
    const worker = startWorker("begin a long run");
    await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
    await predictor.predict(inputs);
    break;
  }
  case "begin a long run":
    await beginLongRun();
    parentPort?.postMessage("begun");
    break;
  default:
    throw new Error(`no such way to end: ${how}`);
}

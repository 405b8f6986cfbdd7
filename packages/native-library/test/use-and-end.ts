import { once } from "node:events";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { startWorker } from "./source-worker.js";

/** The steps of a child program with a library, in terms of predictors. */
export interface LibraryUser {
  predict(): Promise<unknown>;
  dispose(): PromiseLike<void>;
  /** Begins a run of some 100 ms, and does not wait for its end. */
  beginLongRun(): Promise<void>;
}

/** The ways to end that need no signal. */
export const WAYS = [
  "drain",
  "dispose and drain",
  "exit",
  "exit during a run",
  "a worker ends",
  "a worker is terminated during a run",
];

/**
 * Uses a library in this process and ends it as its argument says. For a child program, whose
 * `import.meta.url` is given: its workers run it too.
 */
export async function useAndEnd(url: string, user: LibraryUser): Promise<void> {
  const [how = ""] = isMainThread ? process.argv.slice(2) : [workerData as string];
  await user.predict();
  switch (how) {
    case "drain":
      return;
    case "dispose and drain":
      return user.dispose();
    case "exit":
      return process.exit(0);
    case "exit during a run":
      await user.beginLongRun();
      setTimeout(() => process.exit(0), 5);
      return;
    case "wait for a signal":
      for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
      setInterval(() => {}, 1_000);
      process.send?.("ready");
      return;
    case "a worker ends":
      await once(startWorker(url, "drain"), "exit");
      await user.predict();
      return;
    case "a worker is terminated during a run": {
      const worker = startWorker(url, "begin a long run");
      await once(worker, "message");
      await worker.terminate();
      await user.predict();
      return;
    }
    case "begin a long run":
      await user.beginLongRun();
      parentPort?.postMessage("begun");
      return;
    default:
      throw new Error(`no such way to end: ${how}`);
  }
}

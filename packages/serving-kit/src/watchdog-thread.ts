import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "@serving-kit/core";
import { prepareExit, prepareWrite } from "@serving-kit/native-library";
import { commandLogger } from "./command-logger.js";
import { ForcedExit } from "./forced-exit.js";
import { overdueWords } from "./overdue.js";
import { SIGNALS, type TerminationSignal } from "./termination.js";
import { tellOnce, type WatchdogData } from "./watchdog.js";

// The program of the watchdog thread. It loads everything it needs to end the process at startup, because file access
// may hang later.

/** Node's internal signal handle. */
interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
}

/**
 * Calls back in this thread for each signal that the process receives. Does nothing if Node's binding is not
 * accessible.
 */
function onSignals(callback: (name: TerminationSignal) => void): void {
  try {
    const { internalBinding } = createRequire(import.meta.url)("internal/test/binding");
    const { Signal } = internalBinding("signal_wrap") as { Signal: new () => SignalHandle };
    for (const [name, number] of Object.entries(SIGNALS)) {
      const handle = new Signal();
      handle.onsignal = () => callback(name as TerminationSignal);
      handle.start(number);
    }
  } catch {
    // The main thread still reports the first signal.
  }
}

const { deadlineMs, format, hasTold } = workerData as WatchdogData;
const exit = prepareExit();
const logger = await commandLogger(format, {
  stdout: { write: prepareWrite(1) },
  stderr: { write: prepareWrite(2) },
});
const tell = () => tellOnce(hasTold, () => logger.warn({}, overdueWords(deadlineMs)));
const forced = new ForcedExit({ deadlineMs, clock: systemClock, tell, exit });
onSignals((name) => forced.signalled(name));
parentPort?.on("message", () => forced.begin());
parentPort?.postMessage("ready");

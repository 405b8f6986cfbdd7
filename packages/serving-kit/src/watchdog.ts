import { startWorker } from "@serving-kit/core";
import type { LogFormat } from "./command-logger.js";

/** Node delivers signals only to its main thread. Its internal binding works in any thread; this flag exposes it. */
const FLAGS = ["--expose-internals", "--no-warnings"];

/** The settings passed to a watchdog thread. */
export interface WatchdogData {
  /** Time in ms that the server has after the signal. */
  readonly deadlineMs: number;
  readonly format: LogFormat;
  /** An Int32 that is not 0 once one thread has logged that the deadline has passed. */
  readonly hasTold: SharedArrayBuffer;
}

/** A thread that ends the process after SIGINT and SIGTERM if the main thread does not: see `ForcedExit`. */
export interface Watchdog extends Disposable {
  /** Resolves when the thread is ready to receive signals, or cannot start. It may miss earlier signals. */
  readonly ready: Promise<void>;
  /** Call when the main thread has received the first signal. */
  begin(): void;
  /** Calls back in whichever of the two threads calls first, so that a line that both may log is logged once. */
  readonly tellOnce: (callback: () => void) => void;
}

/**
 * Starts the watchdog. The main thread cannot block it, not even with a function that never returns. It does not keep
 * the process alive. Disposal ends the thread, unless shutdown has started.
 */
export function startWatchdog({ deadlineMs, format }: Omit<WatchdogData, "hasTold">): Watchdog {
  const hasTold = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const workerData: WatchdogData = { deadlineMs, format, hasTold };
  const thread = startWorker("./watchdog-thread", import.meta.url, {
    ...{ workerData, execArgv: FLAGS },
    // Without NODE_OPTIONS: modules that they import, such as an OpenTelemetry SDK, are meant for the server.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  const ready = new Promise<void>((resolve) => {
    thread.once("message", () => resolve());
    // The server works without the watchdog.
    thread.once("error", () => resolve());
    thread.once("exit", () => resolve());
  });
  // Keeps the process alive until the thread is ready, for callers that await `ready`.
  void ready.then(() => thread.unref());
  let isEnding = false;
  return {
    ready,
    begin() {
      isEnding = true;
      thread.postMessage("begin");
    },
    tellOnce: (callback) => tellOnce(hasTold, callback),
    [Symbol.dispose]() {
      if (!isEnding) void thread.terminate();
    },
  };
}

/** Calls back if no other thread has done so. The threads share a flag. */
export function tellOnce(hasTold: SharedArrayBuffer, callback: () => void): void {
  if (Atomics.exchange(new Int32Array(hasTold), 0, 1) === 0) callback();
}

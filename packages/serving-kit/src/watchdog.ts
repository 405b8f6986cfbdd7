import { Worker } from "node:worker_threads";
import type { LogFormat } from "./command-logger.js";

/** The settings that the thread of a watchdog receives at its start. */
export interface WatchdogData {
  /** How long the server may take after the signal, in ms. */
  readonly deadlineMs: number;
  readonly format: LogFormat;
  /** An Int32: not 0 when the log says that the deadline has passed. */
  readonly hasTold: SharedArrayBuffer;
}

/** A thread that ends the process after SIGINT and SIGTERM if the main thread does not: see `ForcedExit`. */
export interface Watchdog extends Disposable {
  /** Resolves when the thread receives signals, or if it cannot be had: a signal before that may be lost to it. */
  readonly ready: Promise<void>;
  /** The main thread has received the first signal. */
  begin(): void;
  /** Calls back once, in the first of the two threads that comes here: a line that both may log is logged by one. */
  readonly tellOnce: (callback: () => void) => void;
}

const IS_SOURCE = import.meta.url.endsWith(".ts");

/**
 * Starts the watchdog. Nothing that the main thread does can hold it up: not even a model's function that never returns
 * the event loop. It does not keep the process alive. Disposing it ends the thread, unless the process is ending.
 */
export function startWatchdog({ deadlineMs, format }: Omit<WatchdogData, "hasTold">): Watchdog {
  const hasTold = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const workerData: WatchdogData = { deadlineMs, format, hasTold };
  const thread = startThread({
    workerData,
    // Without NODE_OPTIONS: what they import, such as an SDK of OpenTelemetry, is for the server.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  const ready = new Promise<void>((resolve) => {
    thread.once("message", () => resolve());
    // The server runs without it.
    thread.once("error", () => resolve());
    thread.once("exit", () => resolve());
  });
  // Until then it keeps the process alive, for those who wait.
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

/** Calls back if no other thread has, by a flag that they share. */
export function tellOnce(hasTold: SharedArrayBuffer, callback: () => void): void {
  if (Atomics.exchange(new Int32Array(hasTold), 0, 1) === 0) callback();
}

/** Node has signals for its main thread alone. Its own binding of them works in any, and is shown with this flag. */
const FLAGS = ["--expose-internals", "--no-warnings"];

function startThread(options: ConstructorParameters<typeof Worker>[1]): Worker {
  if (!IS_SOURCE) {
    const program = new URL("./watchdog-thread.js", import.meta.url);
    return new Worker(program, { ...options, execArgv: FLAGS });
  }
  const file = JSON.stringify(new URL("./watchdog-thread.ts", import.meta.url).href);
  const program = `import("tsx/esm/api").then(({ register }) => (register(), import(${file})));`;
  const execArgv = ["--conditions=@serving-kit/source", ...FLAGS];
  return new Worker(program, { ...options, eval: true, execArgv });
}

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type Clock, type Code, ServingError, systemClock } from "@serving-kit/core";
import { errors } from "./errors.js";

/** A task for a canary process. */
export interface CanaryTask {
  /** The task in words: the start of an error's message. */
  readonly what: string;
  /** URL of the module to import; in source a `.ts` file. */
  readonly module: string;
  /** The function of the module to call and await. */
  readonly exportName: string;
  /** Its argument; must be cloneable (structured clone). */
  readonly argument: unknown;
  /** Timeout of the child process in ms. */
  readonly timeoutMs: number;
  /** Kills the child process when it aborts; the canary rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Receives the last 2,000 characters that the process wrote to stderr, before the canary resolves. Default none. */
  readonly onStderr?: (text: string) => void;
  readonly clock?: Pick<Clock, "setTimeout">;
}

/** Maximum bytes of the child's stderr to keep for the message. */
const STDERR_BYTES = 2_000;

/** The message that the child sends when it is done. */
interface Outcome {
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code?: Code; readonly reason?: string };
}

// Runs in the child. The first message requests the task; the second reports its outcome.
const PROGRAM = `
process.once("message", async ({ module, exportName, argument }) => {
  const outcome = {};
  try {
    outcome.value = await (await import(module))[exportName](argument);
  } catch (error) {
    const { message = String(error), code, reason } = error ?? {};
    outcome.error = { message, code, reason };
  }
  process.send(outcome);
});
process.send("ready");
`;

/**
 * Runs a function in a child process first. If the function aborts, faults or hangs, only the child process is lost.
 * Resolves with the function's result, which must be cloneable.
 *
 * @throws ServingError: the function's own, if it rejected with one; CANARY_FAILED if it rejected with another error,
 * CANARY_KILLED (both FAILED_PRECONDITION) if the process died, CANARY_TIMED_OUT (DEADLINE_EXCEEDED).
 */
export async function runInCanary<T = void>(task: CanaryTask): Promise<T> {
  const { what, module, signal, onStderr } = task;
  // Loaded on demand: most processes have no canary.
  const { spawn } = await import("node:child_process");
  signal?.throwIfAborted();
  const child = spawn(
    process.execPath,
    [...sourceFlags(module), "--input-type=module", "--eval", PROGRAM],
    { stdio: ["ignore", "ignore", "pipe", "ipc"], serialization: "advanced", windowsHide: true },
  );
  const stderr = lastOf(child);
  try {
    const { value, error } = await outcomeOf(child, task, stderr);
    if (error?.code !== undefined && error.reason !== undefined) {
      throw new ServingError(error.code, error.reason, error.message);
    }
    if (error !== undefined) throw errors.canaryFailed(what, new Error(error.message));
    if (onStderr) {
      child.kill("SIGKILL");
      await once(child, "close"); // all output has been read by then
      onStderr(stderr());
    }
    return value as T;
  } finally {
    child.kill("SIGKILL");
  }
}

/** Sends the task to the child, and waits for its outcome, its end, the timeout or the signal. */
function outcomeOf(child: ChildProcess, task: CanaryTask, stderr: () => string): Promise<Outcome> {
  const { what, module, exportName, argument, timeoutMs, signal, clock = systemClock } = task;
  return new Promise((resolve, reject) => {
    child.on("message", (message: "ready" | Outcome) => {
      if (message !== "ready") resolve(message);
      else child.send({ module, exportName, argument });
    });
    child.on("error", (error) => reject(errors.canaryFailed(what, error)));
    child.on("close", (code, killer) => {
      const how = killer ?? `exit code ${code}`;
      reject(errors.canaryKilled(what, [how, stderr()].filter(Boolean).join(": ")));
    });
    const timer = clock.setTimeout(() => reject(errors.canaryTimedOut(what, timeoutMs)), timeoutMs);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    child.on("close", () => {
      timer[Symbol.dispose]();
      signal?.removeEventListener("abort", abort);
    });
  });
}

/** Returns the Node flags that run a module from source, as in the kit's own tests. */
function sourceFlags(module: string): string[] {
  if (!module.endsWith(".ts")) return [];
  const tsx = pathToFileURL(createRequire(module).resolve("tsx")).href;
  return ["--conditions=@serving-kit/source", "--import", tsx];
}

/** Collects a process's stderr; the returned function returns the end of it. */
function lastOf(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk).slice(-STDERR_BYTES);
  });
  return () => text.trim();
}

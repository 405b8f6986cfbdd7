import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Tensors } from "@serving-kit/inference";

/** A call of a model in a child process. */
export interface Task {
  readonly model: Uint8Array;
  readonly inputs: Tensors;
  /** The library's path. */
  readonly library: string;
  /** The runner of the call: the kit, or TensorFlow Lite alone, without any of the kit's checks. */
  readonly runner: "kit" | "raw";
  /** Options of the kit. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The outcome of a task. */
export type Outcome =
  | { readonly kind: "outputs"; readonly outputs: Tensors }
  /** `step` is what failed: allocate, invoke, read, load or predict. */
  | {
      readonly kind: "error";
      readonly step: string;
      readonly code?: string;
      readonly reason?: string;
      readonly message: string;
    }
  /** The child died, or was killed after `HANG_MS`. */
  | { readonly kind: "killed"; readonly by: string };

const HANG_MS = 10_000;

/** Runs tasks one after another in a child process, and starts another child when one dies. */
export async function runInChildren(tasks: readonly Task[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  while (outcomes.length < tasks.length) await runInChild(tasks, outcomes);
  return outcomes;
}

async function runInChild(tasks: readonly Task[], outcomes: Outcome[]): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      "--conditions=@serving-kit/source",
      "--import",
      "tsx",
      fileURLToPath(new URL("./run-child.ts", import.meta.url)),
    ],
    { stdio: ["ignore", "ignore", "ignore", "ipc"], serialization: "advanced" },
  );
  let watchdog: NodeJS.Timeout | undefined;
  const next = () => {
    clearTimeout(watchdog);
    if (outcomes.length === tasks.length) return child.send("end");
    child.send(tasks[outcomes.length] as Task);
    watchdog = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
  };
  child.on("message", (message: "ready" | Outcome) => {
    if (message !== "ready") outcomes.push(message);
    next();
  });
  const [code, signal] = await once(child, "close");
  clearTimeout(watchdog);
  if (outcomes.length < tasks.length) {
    outcomes.push({
      kind: "killed",
      by: signal === "SIGKILL" ? "hang" : (signal ?? `exit code ${code}`),
    });
  }
}

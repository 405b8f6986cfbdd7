import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Outcome } from "./outcome.js";

const CHILD = fileURLToPath(new URL("./kit-child.ts", import.meta.url));
const TIMEOUT_MS = 120_000;

/** Runs the calls that Python answered on one model, in a process of its own. */
export async function askKit(
  path: string,
  answersPath: string,
  timeoutMs = TIMEOUT_MS,
): Promise<Outcome> {
  const execArgv = ["--conditions=@serving-kit/source", "--import", "tsx"];
  const child = fork(CHILD, { execArgv, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let outcome: Outcome | undefined;
  let stderr = "";
  child.on("message", (message: Outcome) => {
    outcome = message;
  });
  child.stderr?.on("data", (text) => {
    stderr = `${stderr}${text}`.slice(-500);
  });
  child.send({ path, answersPath });
  const watchdog = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const [code, signal] = await once(child, "close");
  clearTimeout(watchdog);
  // A process that dies after its answer, while it frees the model, has crashed as well.
  if (outcome !== undefined && code === 0) return outcome;
  const isHung = signal === "SIGKILL";
  const message = isHung
    ? `no end within ${timeoutMs} ms`
    : `${signal ?? `exit code ${code}`} ${stderr}`;
  return {
    verdict: isHung ? "hung" : "crashed",
    failures: [{ at: "process", message: message.trim() }],
  };
}

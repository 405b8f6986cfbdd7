import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process in words that no other process ever has, on any machine. */
export interface ProcessIdentity {
  /** The machine since its last start. */
  readonly host: string;
  /** The PID namespace on it: that of a container. Empty where the system has none. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** When the process was started, in the system's own unit. Empty where the system does not say. */
  readonly startTime: string;
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  const host = read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  return {
    host: `${hostname()} ${host}`.trim(),
    pidNamespace: read(() => readlinkSync("/proc/self/ns/pid")),
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? "",
  };
}

/** Whether two identities are of the same machine and PID namespace, so that one sees whether the other runs. */
export function isVisible(other: ProcessIdentity, own: ProcessIdentity): boolean {
  return other.host === own.host && other.pidNamespace === own.pidNamespace;
}

/** Whether a process that is visible runs. A process whose number was given to another one does not. */
export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  const now = startTimeOf(pid);
  if (now !== undefined && startTime !== "") return now === startTime;
  try {
    process.kill(pid, 0);
    return now !== "";
  } catch (error) {
    // Another user's process, which /proc may hide.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Empty for a process that has ended and was not waited for, undefined if the system does not say. */
function startTimeOf(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The name of the program, in parentheses, may have spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (stat === "") return undefined;
  return fields[0] === "Z" || fields[0] === "X" ? "" : fields[19];
}

function read(from: () => string): string {
  try {
    return from();
  } catch {
    return "";
  }
}

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A globally unique identity of a process. */
export interface ProcessIdentity {
  /** The machine and its boot. */
  readonly host: string;
  /** The PID namespace, such as that of a container. Empty if the system has none. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** The start time of the process, in the system's own unit. Empty if the system does not report it. */
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

/**
 * Returns whether two processes are on the same machine and in the same PID namespace, so that each can see whether
 * the other runs.
 */
export function isVisible(other: ProcessIdentity, own: ProcessIdentity): boolean {
  return other.host === own.host && other.pidNamespace === own.pidNamespace;
}

/** Returns whether a visible process still runs. False if its pid now belongs to another process. */
export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  const now = startTimeOf(pid);
  if (now !== undefined && startTime !== "") return now === startTime;
  try {
    process.kill(pid, 0);
    return now !== "";
  } catch (error) {
    // A process of another user, which /proc may hide.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Returns the start time of a process; empty for a zombie, undefined if the system does not report it. */
function startTimeOf(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The program name, in parentheses, may itself contain spaces and parentheses.
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

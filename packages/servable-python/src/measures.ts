import { readFileSync } from "node:fs";
import type { Measure } from "@serving-kit/inference";
import type { WorkerPool } from "./pool/worker-pool.js";

const PAGE_BYTES = 4_096;

/** Returns the resident memory of a process in bytes; 0 if it has exited, or the system does not report it. */
export function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES || 0;
  } catch {
    return 0;
  }
}

/** Returns the metrics of a version's workers. */
export function measuresOf(pool: WorkerPool): readonly Measure[] {
  const bytes = pool.workers.reduce((sum, { pid }) => sum + residentBytes(pid), 0);
  const gauge = (name: string, help: string, value: number): Measure => ({
    ...{ name, help, kind: "gauge" },
    values: [{ value }],
  });
  return [
    gauge("python_workers_up", "Python processes that are ready.", pool.workers.length),
    gauge("python_workers_busy", "Python processes that run a call.", pool.busy),
    gauge("python_waiting_calls", "Calls that wait for a Python process.", pool.waiting),
    gauge("python_resident_bytes", "Resident memory of the Python processes.", bytes),
    {
      name: "python_restarts_total",
      help: "Python processes that ended and were started again, by how they ended.",
      kind: "counter",
      values: [...pool.restarts].map(([reason, value]) => ({ value, labels: { reason } })),
    },
  ];
}

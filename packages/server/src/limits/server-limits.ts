import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import { sharedCounts } from "./shared-counts.js";

/** Limits of the resources that all clients together may use. */
export interface ServerLimits {
  /**
   * Maximum memory in bytes of all requests in all event loops: their bodies, decoded objects, and responses that
   * clients have not read. Above it, requests are rejected with 503 (UNAVAILABLE) immediately. Default: a quarter of
   * the process's memory limit or of V8's heap, whichever is smaller.
   */
  readonly requestMemoryBytes?: number | undefined;
  /**
   * Maximum number of connections of all listeners; further connections are closed. Default: 10,000, or 80 % of the
   * file descriptors that the process may open if that is less.
   */
  readonly connections?: number | undefined;
  /**
   * Time in ms after which a response without progress is aborted: the connection is closed; over HTTP/2, the stream.
   * Default 60,000; 5,000 while less than a quarter of the memory is left. Infinity disables it.
   */
  readonly stalledAnswerTimeoutMs?: number | undefined;
  /** Time in ms after which an idle stream is closed. Default 300,000. Infinity disables it. */
  readonly idleStreamTimeoutMs?: number | undefined;
  /**
   * The `Host` names that clients may use on loopback addresses, in addition to `localhost` and addresses. Other
   * names are rejected with 421, because a web page can let its own name resolve to this server (DNS rebinding). `*`
   * allows any. Default none.
   */
  readonly allowedHosts?: readonly string[] | undefined;
}

/** The limits with their defaults, and the counts that all event loops share. */
export interface LimitSettings {
  readonly requestMemoryBytes: number;
  readonly connections: number;
  readonly stalledAnswerTimeoutMs: number;
  readonly idleStreamTimeoutMs: number;
  readonly allowedHosts: readonly string[];
  readonly shared: SharedArrayBuffer;
}

const MAX_CONNECTIONS = 10_000;

/** Fills in the defaults. Called once per server, in the main thread. */
export function limitSettings(limits: ServerLimits = {}): LimitSettings {
  return {
    requestMemoryBytes: limits.requestMemoryBytes ?? defaultRequestMemory(),
    connections:
      limits.connections ?? Math.min(MAX_CONNECTIONS, Math.floor(maxDescriptors() * 0.8)),
    stalledAnswerTimeoutMs: limits.stalledAnswerTimeoutMs ?? 60_000,
    idleStreamTimeoutMs: limits.idleStreamTimeoutMs ?? 300_000,
    allowedHosts: limits.allowedHosts ?? [],
    shared: sharedCounts(),
  };
}

/** A quarter of the process's memory: the rest is for models, copies, and uncounted memory. */
function defaultRequestMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  // Without a limit, Node returns 0 or a number larger than any memory.
  const memory = constrained > 0 ? constrained : Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(memory, getHeapStatistics().heap_size_limit) / 4);
}

/** Returns how many file descriptors the process may open; Infinity if the system does not report it. */
function maxDescriptors(): number {
  try {
    const [, soft] =
      /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY; // Not Linux.
  }
}

import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import { sharedCounts } from "./shared-counts.js";

/** Limits of what all clients together may take of a server. */
export interface ServerLimits {
  /**
   * Memory in bytes that the requests of all event loops may take together: their bodies, what they decode to, and
   * answers that clients have not read. A request beyond it is answered 503 (UNAVAILABLE) immediately. Default: a
   * quarter of the smaller of the memory limit of the process and of V8's heap.
   */
  readonly requestMemoryBytes?: number | undefined;
  /**
   * Maximum number of connections at all listeners; those beyond it are closed. Default: 10,000, or 80 % of the
   * descriptors that the process may open if that is less.
   */
  readonly connections?: number | undefined;
  /**
   * Time in ms after which an answer that makes no progress is given up: the connection is closed, over HTTP/2 the
   * stream. Default 60,000; 5,000 while less than a quarter of the memory is left. Infinity: never.
   */
  readonly stalledAnswerTimeoutMs?: number | undefined;
  /** Time in ms after which a stream on which nothing is sent is closed. Default 300,000. Infinity: never. */
  readonly idleStreamTimeoutMs?: number | undefined;
  /**
   * The names that clients may use for this server on loopback addresses, besides `localhost` and addresses; others
   * are answered 421, since a web page can make its own name lead here (DNS rebinding). `*`: any. Default none.
   */
  readonly allowedHosts?: readonly string[] | undefined;
}

/** Limits with all defaults, and the counts that all event loops share. */
export interface LimitSettings {
  readonly requestMemoryBytes: number;
  readonly connections: number;
  readonly stalledAnswerTimeoutMs: number;
  readonly idleStreamTimeoutMs: number;
  readonly allowedHosts: readonly string[];
  readonly shared: SharedArrayBuffer;
}

const MAX_CONNECTIONS = 10_000;

/** Fills in the defaults. Called once for a server, in the main thread. */
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

/** A quarter of what the process can have: the rest is for models, for copies, and for what is not counted. */
function defaultRequestMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  // Without a limit Node returns 0, or a number beyond any memory.
  const memory = constrained > 0 ? constrained : Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(memory, getHeapStatistics().heap_size_limit) / 4);
}

/** How many descriptors the process may open. Infinity if the system does not say. */
function maxDescriptors(): number {
  try {
    const [, soft] =
      /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY; // no Linux
  }
}

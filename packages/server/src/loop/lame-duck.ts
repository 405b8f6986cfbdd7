import { type Clock, delay } from "@serving-kit/core";
import type { ConnectionCount } from "../listening/listener.js";

/** The conditions that end the lame duck. */
export interface LameDuck {
  /** Maximum time in ms. */
  readonly ms: number;
  readonly clock: Clock;
  /** Ends the wait when it aborts. */
  readonly signal: AbortSignal;
  /** The number of connections; undefined if not all are known, as in an app that mounts the REST API. */
  connections(): Promise<ConnectionCount | undefined>;
}

/** If no connection is open and none was opened for this time in ms, no client is left. */
const QUIET_MS = 1_000;

const POLL_MS = 100;

/**
 * Waits while clients notice that the server is about to close: `ms`, or until no connection is open and none was
 * opened for a second. Never rejects.
 */
export async function waitAsLameDuck({ ms, clock, signal, connections }: LameDuck): Promise<void> {
  const endsAtMs = clock.now() + ms;
  let accepted: number | undefined;
  let quietSinceMs = clock.now();
  while (!signal.aborted) {
    const count = await connections();
    const nowMs = clock.now();
    if (count?.accepted !== accepted) quietSinceMs = nowMs;
    accepted = count?.accepted;
    if (count?.open === 0 && nowMs - quietSinceMs >= QUIET_MS) return;
    const leftMs = endsAtMs - nowMs;
    if (leftMs <= 0) return;
    await delay(clock, Math.min(POLL_MS, leftMs), signal);
  }
}

import type { ModelServer } from "@serving-kit/server";
import type { ServerFlags } from "./server-flags.js";

/** A request to end the server, and how long that may take. */
interface Ending {
  readonly signal: NodeJS.Signals;
  readonly flags: Pick<ServerFlags, "lame_duck_in_ms" | "shutdown_deadline_in_ms">;
  /** Whether the server was ready, so that clients may be sending requests. */
  readonly isStarted: boolean;
  readonly tell: (line: string) => void;
}

/** The lame duck of SIGTERM, which orchestrators send. Ctrl-C comes from somebody who waits for it. */
const SIGTERM_LAME_DUCK_MS = 5_000;

/** Lets clients go elsewhere (`lameDuck`), then closes the server, all before the deadline. */
export async function end(
  server: Pick<ModelServer, "lameDuck" | "close">,
  { signal, flags, isStarted, tell }: Ending,
): Promise<void> {
  const deadlineMs = flags.shutdown_deadline_in_ms;
  const endsAtMs = performance.now() + deadlineMs;
  const lameDuckMs = lameDuckOf(signal, flags);
  if (isStarted && lameDuckMs > 0) {
    tell(`${signal}: not ready; answering for up to ${lameDuckMs} ms more (--lame_duck_in_ms)`);
    await server.lameDuck(lameDuckMs);
  }
  tell(`${signal}: finishing the requests in flight`);
  await server.close({ deadlineMs: Math.max(0, endsAtMs - performance.now()) });
}

/** At most the deadline; by default at most half of it, so that requests in flight have the rest. */
function lameDuckOf(signal: NodeJS.Signals, flags: Ending["flags"]): number {
  const { lame_duck_in_ms: chosenMs, shutdown_deadline_in_ms: deadlineMs } = flags;
  if (chosenMs !== undefined) return Math.min(chosenMs, deadlineMs);
  return signal === "SIGTERM" ? Math.min(SIGTERM_LAME_DUCK_MS, Math.floor(deadlineMs / 2)) : 0;
}

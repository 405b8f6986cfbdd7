import type { ModelServer } from "@serving-kit/server";
import type { ServerFlags } from "./server-flags.js";

/** Options for shutting down the server. */
interface EndOptions {
  readonly signal: NodeJS.Signals;
  readonly flags: Pick<ServerFlags, "lame_duck_in_ms" | "shutdown_deadline_in_ms">;
  /** True if the server was ready, so clients may be sending requests. */
  readonly isStarted: boolean;
  readonly tell: (line: string) => void;
}

/** Lame duck period for SIGTERM, which orchestrators send. There is none for Ctrl-C, because a person is waiting. */
const SIGTERM_LAME_DUCK_MS = 5_000;

/** Waits until clients have moved to other servers (`lameDuck`), then closes the server, all within the deadline. */
export async function end(
  server: Pick<ModelServer, "lameDuck" | "close">,
  { signal, flags, isStarted, tell }: EndOptions,
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

/** Limited to the deadline, and by default to half of it, so that the other half is left for requests in flight. */
function lameDuckOf(signal: NodeJS.Signals, flags: EndOptions["flags"]): number {
  const { lame_duck_in_ms: chosenMs, shutdown_deadline_in_ms: deadlineMs } = flags;
  if (chosenMs !== undefined) return Math.min(chosenMs, deadlineMs);
  return signal === "SIGTERM" ? Math.min(SIGTERM_LAME_DUCK_MS, Math.floor(deadlineMs / 2)) : 0;
}

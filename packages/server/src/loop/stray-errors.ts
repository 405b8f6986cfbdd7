import { asError, type Clock, type Logger, settleBy, systemClock } from "@serving-kit/core";
import { runningModel } from "@serving-kit/inference";

/**
 * Options for `drainOnStrayError`.
 *
 * @example
 * ```ts
 * const options: StrayErrorOptions = { logger, drain: () => models.close(), deadlineMs: 10_000 };
 * ```
 */
export interface StrayErrorOptions {
  /** Receives each stray error, with the model that caused it. */
  readonly logger: Logger;
  /** Called once, at the first stray error, to finish the work in flight, such as `server.close`. */
  readonly drain: () => Promise<unknown>;
  /** Timeout of `drain` in ms. Default 30,000. */
  readonly deadlineMs?: number | undefined;
  /** Called with 1 when `drain` has ended. Default `process.exit`. */
  readonly exit?: ((code: number) => void) | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * Handles the errors of this thread that no caller can catch: the rejection of a promise that nothing awaits, or an
 * exception in a timer of a plugin. The state of the program is then unknown, so it must stop, but without losing
 * requests in flight.
 *
 * - Y1 Each stray error is logged, with the version whose code started it if `runAsModel` knows one.
 * - Y2 The first stray error calls `drain` once, and then `exit` with 1, even if `drain` fails or exceeds
 *   `deadlineMs`.
 * - Y3 Until then the program continues.
 *
 * The command and the threads of a server do this themselves. An embedded server installs no process handlers: call
 * this function if the whole process belongs to the server. Disposing the result removes the handlers.
 *
 * @example
 * ```ts
 * using strays = drainOnStrayError({ logger, drain: () => models.close({ deadlineMs: 10_000 }) });
 * ```
 */
export function drainOnStrayError({
  logger,
  drain,
  deadlineMs = 30_000,
  exit = process.exit,
  clock = systemClock,
}: StrayErrorOptions): Disposable {
  let isDraining = false;
  const onError = (thrown: unknown, origin: string) => {
    const model = runningModel();
    const error = asError(thrown);
    const version = model && `model ${model.name} version ${model.version}`;
    const what = origin === "unhandledRejection" ? "unhandled rejection" : "uncaught exception";
    const facts = {
      err: error,
      origin,
      ...(model && { model: `${model.name} version ${model.version}` }),
    };
    const line = `${what}: ${error.message}; draining before the exit`;
    logger.error(facts, version === undefined ? line : `${version}: ${line}`);
    if (isDraining) return;
    isDraining = true;
    void drained(drain, deadlineMs, clock).then(() => exit(1));
  };
  process.on("uncaughtException", onError);
  return { [Symbol.dispose]: () => void process.off("uncaughtException", onError) };
}

/** Resolves when `drain` has ended, failed or timed out. */
async function drained(
  drain: () => Promise<unknown>,
  deadlineMs: number,
  clock: Clock,
): Promise<void> {
  const error = () => new Error("late");
  const deadline = { clock, atMs: clock.now() + deadlineMs, error };
  try {
    await settleBy(drain(), { deadline });
  } catch {
    // The stray error is already logged, and the process exits next.
  }
}

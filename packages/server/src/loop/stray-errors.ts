import { asError, type Clock, type Logger, settleBy, systemClock } from "@serving-kit/core";
import { runningModel } from "@serving-kit/inference";

/**
 * Options of `drainOnStrayError`.
 *
 * @example
 * ```ts
 * const options: StrayErrorOptions = { logger, drain: () => models.close(), deadlineMs: 10_000 };
 * ```
 */
export interface StrayErrorOptions {
  /** Receives each stray error, with the model that it comes from. */
  readonly logger: Logger;
  /** Called once, at the first stray error: ends the work in flight, such as `server.close`. */
  readonly drain: () => Promise<unknown>;
  /** How long `drain` may take, in ms. Default 30,000. */
  readonly deadlineMs?: number | undefined;
  /** Called with 1 when `drain` has ended. Default `process.exit`. */
  readonly exit?: ((code: number) => void) | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * Handles the errors of this thread that no caller can catch: a promise that nothing waits for rejects, or a timer of
 * a plugin throws. The state of the program is unknown then, so it must not go on; but requests in flight
 * must not be lost.
 *
 * - Y1 Each stray error is logged, with the version whose code started it if `runAsModel` knows one.
 * - Y2 The first one calls `drain`, once, and then `exit` with 1, also if `drain` fails or exceeds `deadlineMs`.
 * - Y3 Until then the program continues.
 *
 * The command and the threads of a server do this by themselves. An embedded server installs no handler of the
 * process: call this function where the whole process is the server's. Disposing the result removes the handler.
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
    const of = model === undefined ? "" : ` of model ${model.name} version ${model.version}`;
    const what =
      origin === "unhandledRejection" ? "a promise that nothing waits for" : "a callback";
    const facts = {
      err: error,
      origin,
      ...(model && { model: `${model.name} version ${model.version}` }),
    };
    logger.error(facts, `${what}${of} failed: ${error.message}; draining before the exit`);
    if (isDraining) return;
    isDraining = true;
    void drained(drain, deadlineMs, clock).then(() => exit(1));
  };
  process.on("uncaughtException", onError);
  return { [Symbol.dispose]: () => void process.off("uncaughtException", onError) };
}

/** Resolves when it has drained, or cannot. */
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
    // The stray error is logged already, and the exit comes.
  }
}

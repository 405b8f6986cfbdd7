import { drainOnStrayError, type Logger } from "@serving-kit/server";
import { overdueWords } from "./overdue.js";
import type { ServerFlags } from "./server-flags.js";
import { exitAtOnce, watchTermination } from "./termination.js";
import { startWatchdog, type Watchdog } from "./watchdog.js";

/**
 * The end of the command, whatever causes it: a signal, a stray error, or the server itself. The watchdog ends the
 * process at the deadline even if its event loop is blocked.
 */
export class Ending implements Disposable {
  /** Aborts when the server is asked to stop. */
  readonly signal: AbortSignal;
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #watchdog: Watchdog;
  readonly #termination: ReturnType<typeof watchTermination>;
  readonly #strays: Disposable;
  #startedAtMs = Number.POSITIVE_INFINITY;

  /** @param drain Closes the server, if there is one, within a time in ms. */
  constructor(
    { shutdown_deadline_in_ms: deadlineMs, log_format: format }: ServerFlags,
    logger: Logger,
    drain: (deadlineMs: number) => Promise<unknown> | undefined,
  ) {
    this.#logger = logger;
    this.#deadlineMs = deadlineMs;
    this.#watchdog = startWatchdog({ deadlineMs, format });
    const exit = (code: number) => {
      if (code === 0) this.#logOverdue();
      exitAtOnce(code);
    };
    this.#termination = watchTermination({ deadlineMs, exit });
    this.signal = this.#termination.signal;
    const strays = { logger, deadlineMs, exit: exitAtOnce, drain: async () => drain(deadlineMs) };
    this.#strays = drainOnStrayError(strays);
    onAbort(this.signal, () => {
      this.#startedAtMs = performance.now();
      this.#watchdog.begin();
    });
  }

  /** Resolves when the watchdog watches. */
  get isWatched(): Promise<unknown> {
    return this.#watchdog.ready;
  }

  /** Logs that the server has stopped, and whether it took longer than the deadline. */
  log(): void {
    if (performance.now() - this.#startedAtMs >= this.#deadlineMs) this.#logOverdue();
    else this.#logger.info({}, "stopped: all requests answered, all models unloaded");
  }

  [Symbol.dispose](): void {
    for (const part of [this.#strays, this.#termination, this.#watchdog]) part[Symbol.dispose]();
  }

  #logOverdue(): void {
    this.#watchdog.tellOnce(() => this.#logger.warn({}, overdueWords(this.#deadlineMs)));
  }
}

/** Calls a function when a signal aborts, or now if it has. */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  if (signal.aborted) callback();
  else signal.addEventListener("abort", callback, { once: true });
}

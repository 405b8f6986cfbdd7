import type { Clock } from "@serving-kit/core";
import { GRACE_MS, SAME_SIGNAL_MS, SIGNALS, type TerminationSignal } from "./termination.js";

/** Extra time in ms for the main thread to exit by itself first. */
const MARGIN_MS = 500;

/** Options for `ForcedExit`. */
export interface ForcedExitOptions {
  /** Time in ms that the server has after the signal. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Logs that the deadline has passed. */
  readonly tell: () => void;
  /** Ends the process with a code. */
  readonly exit: (code: number) => void;
}

/**
 * Ends the process if the main thread does not: half a second after `watchTermination` should have done it. Runs in a
 * thread that no model or plugin can block.
 *
 * - WD1 One and a half seconds after the deadline of the first signal, it logs that the deadline has passed and ends
 *   the process with code 0.
 * - WD2 Half a second after a second signal that arrives more than a second after the first, it ends the process with
 *   code 128 plus the signal number.
 */
export class ForcedExit {
  readonly #options: ForcedExitOptions;
  #firstAtMs: number | undefined;

  constructor(options: ForcedExitOptions) {
    this.#options = options;
  }

  /** Call when the main thread has received the first signal. */
  begin(): void {
    const { clock, deadlineMs, tell, exit } = this.#options;
    if (this.#firstAtMs !== undefined) return;
    this.#firstAtMs = clock.now();
    clock.setTimeout(
      () => {
        tell();
        exit(0);
      },
      deadlineMs + GRACE_MS + MARGIN_MS,
    );
  }

  /** Call when this thread has received a signal. */
  signalled(name: TerminationSignal): void {
    const { clock, exit } = this.#options;
    if (this.#firstAtMs === undefined) this.begin();
    else if (clock.now() - this.#firstAtMs > SAME_SIGNAL_MS) {
      clock.setTimeout(() => exit(128 + SIGNALS[name]), MARGIN_MS);
    }
  }
}

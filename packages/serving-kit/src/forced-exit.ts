import type { Clock } from "@serving-kit/core";
import { GRACE_MS, SAME_SIGNAL_MS, SIGNALS, type TerminationSignal } from "./termination.js";

/** How long the main thread has to exit by itself when the time has come, in ms. */
const MARGIN_MS = 500;

/** How a process is ended. */
export interface ForcedExitOptions {
  /** How long the server may take after the signal, in ms. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Logs that the deadline has passed. */
  readonly tell: () => void;
  /** Ends the process with a code. */
  readonly exit: (code: number) => void;
}

/**
 * Ends the process as `watchTermination` promises, half a second later than that: for a thread that no model and no
 * plugin can block.
 *
 * - WD1 A second and a half after the deadline of the first signal it logs that, and ends the process with the code 0.
 * - WD2 Half a second after a signal that comes more than a second after the first, it ends the process with the code
 *   128 plus the number of the signal.
 */
export class ForcedExit {
  readonly #options: ForcedExitOptions;
  #firstAtMs: number | undefined;

  constructor(options: ForcedExitOptions) {
    this.#options = options;
  }

  /** The main thread has received the first signal. */
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

  /** This thread has received a signal. */
  signalled(name: TerminationSignal): void {
    const { clock, exit } = this.#options;
    if (this.#firstAtMs === undefined) this.begin();
    else if (clock.now() - this.#firstAtMs > SAME_SIGNAL_MS) {
      clock.setTimeout(() => exit(128 + SIGNALS[name]), MARGIN_MS);
    }
  }
}

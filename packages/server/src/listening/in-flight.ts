import { setMaxListeners } from "node:events";
import { errors } from "../errors.js";

/**
 * Counts the requests in flight on all transports, so that closing can wait for them, and tracks the progress of the
 * shutdown.
 */
export class InFlight {
  #count = 0;
  readonly #closing = new AbortController();
  #isLeaving = false;
  #isClosing = false;
  #whenIdle: (() => void) | undefined;

  constructor() {
    setMaxListeners(0, this.#closing.signal); // One listener for each open stream.
  }

  /** Aborts when the server starts to close, or earlier if its streams must end first. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * True if the server is a lame duck or closing: it is then not ready, and asks clients to close their connections.
   */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** True if new requests must be rejected. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count === 0) this.#whenIdle?.();
  }

  /** Sets `isLeaving`. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Aborts `closing`, while requests are still served. */
  endStreams(): void {
    if (!this.#closing.signal.aborted) this.#closing.abort(errors.serverClosing());
  }

  /** Sets `isClosing`, and resolves when no request is in flight. */
  drain(): Promise<void> {
    this.#isLeaving = true;
    this.#isClosing = true;
    this.endStreams();
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }
}

import { setMaxListeners } from "node:events";
import { errors } from "../errors.js";

/**
 * Counts the requests that are being answered, on all transports, so that closing can wait for them, and
 * knows how far the server is on its way to close.
 */
export class InFlight {
  #count = 0;
  readonly #closing = new AbortController();
  #isLeaving = false;
  #isClosing = false;
  #whenIdle: (() => void) | undefined;

  constructor() {
    setMaxListeners(0, this.#closing.signal); // one for each stream that is open
  }

  /** Aborts when the server starts to close, or its streams must end before. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Whether the server is a lame duck, or closing: it is not ready, and asks clients to close their
   * connections.
   */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Whether new requests must be refused. */
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

  /** From now on `isLeaving`. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Aborts `closing`, while requests are answered as before. */
  endStreams(): void {
    if (!this.#closing.signal.aborted) this.#closing.abort(errors.serverClosing());
  }

  /** From now on `isClosing`; resolves when nothing is in flight any more. */
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

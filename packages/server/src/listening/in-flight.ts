/**
 * Counts the requests that are being answered, on all transports, so that closing can wait for them, and
 * knows how far the server is on its way to close.
 */
export class InFlight {
  #count = 0;
  #isLeaving = false;
  #isClosing = false;
  #whenIdle: (() => void) | undefined;

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

  /** From now on `isClosing`; resolves when nothing is in flight any more. */
  drain(): Promise<void> {
    this.#isLeaving = true;
    this.#isClosing = true;
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }
}

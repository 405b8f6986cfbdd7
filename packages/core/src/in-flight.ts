/** Counts calls in flight, so that disposal can wait for them. */
export class InFlight {
  #count = 0;
  #onIdle: (() => void) | undefined;

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count === 0) this.#onIdle?.();
  }

  /**
   * Resolves when no call is in flight. Returns undefined if none is now, so the caller can continue in this turn.
   * Call it once: a second call replaces the first.
   */
  idle(): Promise<void> | undefined {
    if (this.#count === 0) return undefined;
    return new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}

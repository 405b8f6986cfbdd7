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
   * Resolves when none is in flight; undefined if none is now, so that the caller goes on in this turn. Call it once: a
   * second call replaces the first.
   */
  idle(): Promise<void> | undefined {
    if (this.#count === 0) return undefined;
    return new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}

/** Slots of the counter: how many threads hold the session, and whether its owner closes it. */
const HOLDERS = 0;
const IS_CLOSING = 1;

type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
) => { async: boolean; value: "not-equal" | "timed-out" | Promise<"ok" | "timed-out"> };

// In V8 since 8.7; TypeScript has it in the library of ES2024.
const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync };

/**
 * Counts, across threads, the references to a session. The loader closes it when there is no other.
 *
 * H1 The loader holds it first. H2 While it is held and not closing, other threads may take hold.
 * H3 Once the loader closes or releases, no reference can be acquired any more, and its release resolves when the count
 * is zero.
 */
export class SessionHolders {
  readonly memory: SharedArrayBuffer;
  readonly #counter: Int32Array;

  /** A new counter with the loader as its holder, or the one of another thread. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    this.#counter = new Int32Array(this.memory);
    if (memory === undefined) this.#counter[HOLDERS] = 1;
  }

  /** Takes hold. False when the session is closed or closing. */
  take(): boolean {
    // First counted, then looked: the loader that begins to close meanwhile waits for this one.
    Atomics.add(this.#counter, HOLDERS, 1);
    if (Atomics.load(this.#counter, IS_CLOSING) === 0) return true;
    this.release();
    return false;
  }

  /** Releases a reference. */
  release(): void {
    Atomics.sub(this.#counter, HOLDERS, 1);
    Atomics.notify(this.#counter, HOLDERS);
  }

  /** From now on `take` returns false: the loader is disposed, but may have calls in flight. */
  close(): void {
    Atomics.store(this.#counter, IS_CLOSING, 1);
  }

  /** Releases the loader's reference and waits until there is no other. */
  async releaseLast(): Promise<void> {
    this.close();
    this.release();
    for (;;) {
      const holders = Atomics.load(this.#counter, HOLDERS);
      if (holders === 0) return;
      const { async, value } = waitAsync(this.#counter, HOLDERS, holders);
      if (async) await value;
    }
  }
}

/** Slots of the counter: the number of threads that hold the session, and whether its owner is closing it. */
const HOLDERS = 0;
const IS_CLOSING = 1;

type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
) => { async: boolean; value: "not-equal" | "timed-out" | Promise<"ok" | "timed-out"> };

// In V8 since 8.7; TypeScript declares it in the library of ES2024.
const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync };

/**
 * Counts, across threads, the references to a session. The loader closes the session when no other reference is left.
 *
 * H1 The loader holds the first reference. H2 While the session is held and not closing, other threads may acquire
 * references. H3 Once the loader closes or releases, no reference can be acquired any more, and its release resolves
 * when the count is zero.
 */
export class SessionHolders {
  readonly memory: SharedArrayBuffer;
  readonly #counter: Int32Array;

  /** Makes a new counter with the loader as its holder, or opens another thread's counter. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    this.#counter = new Int32Array(this.memory);
    if (memory === undefined) this.#counter[HOLDERS] = 1;
  }

  /** Acquires a reference. Returns false if the session is closed or closing. */
  take(): boolean {
    // Increment before checking: if the loader starts to close in between, it waits for this reference.
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

  /** Makes `take` return false from now on: the loader is disposed, but may have calls in flight. */
  close(): void {
    Atomics.store(this.#counter, IS_CLOSING, 1);
  }

  /** Releases the loader's reference and waits until no other is left. */
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

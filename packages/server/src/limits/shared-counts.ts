/** The counts that all event loops share. */
const KINDS = ["memory", "connections"] as const;

/** The kinds of counts. */
export type CountKind = (typeof KINDS)[number];

/** The number of slots: one for the main thread, and one for each possible thread. */
const SLOTS = 1_025;

/** Allocates the counts that all event loops of a server share. */
export const sharedCounts = (): SharedArrayBuffer =>
  new SharedArrayBuffer(4 * KINDS.length * (1 + SLOTS));

/**
 * One count that all event loops of a server share. Each loop also tracks its own part, so that it can be released
 * when the thread of the loop ends.
 */
export class SharedCount {
  readonly #cells: Int32Array;
  readonly #own: number;

  /** Returns the count of a kind, for changes by the loop with this slot. 0 is the slot of the main thread. */
  constructor(shared: SharedArrayBuffer, kind: CountKind, slot: number) {
    this.#cells = new Int32Array(shared, 4 * KINDS.indexOf(kind) * (1 + SLOTS), 1 + SLOTS);
    this.#own = 1 + slot;
  }

  /** The total of all loops. */
  get total(): number {
    return Atomics.load(this.#cells, 0);
  }

  /** Adds to the count, and returns the total of all loops. */
  add(amount: number): number {
    this.#cells[this.#own] = (this.#cells[this.#own] as number) + amount;
    return Atomics.add(this.#cells, 0, amount) + amount;
  }
}

/** Releases the part of an event loop that has ended. */
export function releaseSlot(shared: SharedArrayBuffer, slot: number): void {
  for (const kind of KINDS) {
    const cells = new Int32Array(shared, 4 * KINDS.indexOf(kind) * (1 + SLOTS), 1 + SLOTS);
    Atomics.sub(cells, 0, Atomics.exchange(cells, 1 + slot, 0));
  }
}

import { ints } from "./growable.js";

/** Collects the table of a forest's special splits: rows of slot, flags, and the range of its category words. */
export class SpecialSplits {
  readonly #rows = ints();
  readonly #categoryWords = ints();

  /** Adds a split. Returns its row. */
  add(slot: number, flags: number, words: ArrayLike<number>): number {
    const row = this.#rows.length / 4;
    const start = this.#categoryWords.extend(words.length);
    this.#categoryWords.data.set(words as never, start);
    for (const value of [slot, flags, start, words.length]) this.#rows.push(value);
    return row;
  }

  shared(): { readonly specials: Int32Array; readonly categoryWords: Int32Array } {
    return { specials: this.#rows.shared(), categoryWords: this.#categoryWords.shared() };
  }
}
